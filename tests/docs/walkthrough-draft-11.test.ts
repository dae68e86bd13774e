/**
 * docs/walkthrough/10 to 13, the modes of draft -11, each against real runs of a stack of its own.
 */
import { installLocalhostLookup } from "agent-kit/service";
import type { Message } from "protocol-trace/read";
import { afterAll, describe, expect } from "vitest";
import type { StackModes } from "../../scripts/demo/stack.ts";
import { User } from "../contract/auth-server/journey.ts";
import { signIn } from "../support/optimization-run.ts";
import { decideAtPages, revokeAtPage } from "../support/person-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";
import { answerLines, fenced, inline, requestLines, tokenBlock } from "../support/walkthrough-blocks.ts";
import { commandsOf, demoModes } from "../support/walkthrough-commands.ts";
import { checkList, messageList } from "../support/walkthrough-lists.ts";
import { challengeToken, messageOf, receivedToken, sentToken } from "../support/walkthrough-messages.ts";
import { readWalkthroughPage } from "../support/walkthrough-page.ts";
import { type RecordedRun, recordRun, withDemoPorts } from "../support/walkthrough-run.ts";
import { describePage, type PageRun } from "../support/walkthrough-tests.ts";

installLocalhostLookup();

const FROM_BACKEND = { from: "supply-chain-backend" } as const;
const FROM_AGENT = { from: "supply-chain-agent" } as const;
const CALL_FIELDS = ["aauth-capabilities", "content-type", "content-digest"];
const SIGNATURE_FIELDS = ["signature-key", "signature-input", "signature"];

describeMode("10-agent-identity.md", "agent-identity", async (stack) => {
  const { urls } = stack;
  let unsigned = "";
  const run = await recordRun(stack, async () => {
    expect((await (await signIn(stack)).run()).status).toBe("completed");
    unsigned = await answerOf(await fetch(urls.supplyChainAgent, { method: "POST" }));
  });
  const first = messageOf(run, { ...FROM_BACKEND, to: "supply-chain-agent" });
  const paths = ["/.well-known/aauth-agent.json", "/jwks.json"];
  const documents = await Promise.all(paths.map((path) => fetch(urls.backend + path)));
  const bodies = await Promise.all(documents.map((reply) => reply.json()));
  const regions = {
    messages: messageList(run),
    request: fenced("http", requestLines(first, [...CALL_FIELDS, ...SIGNATURE_FIELDS])),
    checks: checkList(first),
    "agent-token": tokenBlock(sentToken(run, { ...FROM_BACKEND, to: "supply-chain-agent" })),
    documents: fenced("json", withDemoPorts(bodies.map(inline).join("\n"), stack.ports)),
    unsigned: fenced("http", unsigned),
  };
  return { run, regions };
});

describeMode("11-person-identity.md", "person-identity", async (stack) => {
  const { run, browser, user } = await allowedRun(stack);
  const revoked = await recordRun(stack, async () => {
    await revokeAtPage(stack, browser, "aauth:user-");
    const { end } = await decideAtPages(user, await user.run(), () => "cancel", browser);
    expect(end.failure?.code).toBe("denied");
  });
  const asked = messageOf(run, { ...FROM_BACKEND, requestType: "person-token" });
  const regions = {
    messages: messageList(run),
    challenge: challengeHead(messageOf(run, { ...FROM_BACKEND, attempt: 1, outcome: "challenged" })),
    "person-request": tokenRequest(asked),
    pending: pendingHead(asked),
    "person-token": tokenBlock(receivedToken(run, { ...FROM_BACKEND, method: "GET" })),
    "upstream-request": tokenRequest(messageOf(run, { ...FROM_AGENT, requestType: "person-token" })),
    "second-token": tokenBlock(receivedToken(run, { ...FROM_AGENT, requestType: "person-token" })),
  };
  return { run: { ...run, log: revoked.log }, regions };
});

describeMode("12-person-server.md", "person-server", async (stack) => {
  const { run } = await allowedRun(stack);
  const waiting = await secondHopAsks();
  const regions = {
    messages: messageList(run),
    challenge: challengeHead(messageOf(run, { ...FROM_BACKEND, attempt: 2, outcome: "challenged" })),
    ...sharedRegions(run),
    "token-request": tokenRequest(messageOf(run, { ...FROM_BACKEND, requestType: "auth-token" })),
    "upstream-request": tokenRequest(messageOf(run, { ...FROM_AGENT, requestType: "auth-token" })),
    "second-token": tokenBlock(receivedToken(run, { ...FROM_AGENT, requestType: "auth-token" })),
    ...waiting.regions,
  };
  return { run: { ...run, log: waiting.log }, regions };
});

describeMode("13-federated.md", "federated", async (stack) => {
  const { run, browser, user } = await allowedRun(stack);
  const revoked = await recordRun(stack, async () => {
    await revokeAtPage(stack, browser, "aauth:user-");
    const { end } = await decideAtPages(user, await user.run(), () => "cancel", browser);
    expect(end.failure?.code).toBe("denied");
  });
  const regions = {
    messages: messageList(run),
    ...sharedRegions(run),
    "access-request": tokenRequest(messageOf(run, { from: "person-server", to: "access-server" })),
  };
  return { run: { ...run, log: run.log + revoked.log }, regions };
});

/** A run whose person allows what is asked. */
async function allowedRun(stack: TestStack) {
  const user = await signIn(stack);
  const browser = new User();
  const run = await recordRun(stack, async () => {
    const { end } = await decideAtPages(user, await user.run(), undefined, browser);
    expect(end.status).toBe("completed");
  });
  return { run, browser, user };
}

/** The page's second command: its run, and the one after the supply-chain agent was revoked. */
async function secondHopAsks() {
  const [command] = commandsOf(readWalkthroughPage("12-person-server.md").text).filter(
    ({ env }) => "PERSON_SERVER_CONSENT_SCOPES" in env,
  );
  const { PERSON_SERVER_CONSENT_SCOPES, AAUTH_AUTH_TOKEN_CACHE_TTL } = command!.env as Record<string, string>;
  const env = {
    "person-server": { PERSON_SERVER_CONSENT_SCOPES: PERSON_SERVER_CONSENT_SCOPES! },
    backend: { AAUTH_AUTH_TOKEN_CACHE_TTL: AAUTH_AUTH_TOKEN_CACHE_TTL! },
  };
  const stack = await startStack({ modes: demoModes(command!), env });
  try {
    const { run, browser, user } = await allowedRun(stack);
    let report = "";
    const revoked = await recordRun(stack, async () => {
      await revokeAtPage(stack, browser, "aauth:supply-chain-agent@");
      const { end, visits } = await decideAtPages(user, await user.run(), () => "cancel", browser);
      expect([end.status, visits.length]).toEqual(["failed", 1]);
      const details = end.activities.map((activity) => activity.details).join("\n");
      report = /No market analysis provided[\s\S]*?(?=\n+##)/.exec(details)![0];
    });
    const refused = messageOf(revoked, { ...FROM_AGENT, status: 401, outcome: "refused" });
    const regions = {
      "own-pending": pendingHead(messageOf(run, { ...FROM_BACKEND, to: "supply-chain-agent", status: 202 })),
      "waiting-messages": messageList(run, 6),
      denied: fenced("text", report),
      "revoked-answer": fenced("http", answerLines(refused, ["signature-error", "aauth-requirement"])),
    };
    return { log: revoked.log, regions };
  } finally {
    await stack.stop();
  }
}

/** What pages 12 and 13 have in common. */
function sharedRegions(run: RecordedRun): Record<string, string> {
  return {
    "resource-token": tokenBlock(challengeToken(run, { ...FROM_BACKEND, attempt: 2 })),
    "auth-token": tokenBlock(receivedToken(run, { ...FROM_BACKEND, requestType: "auth-token" })),
  };
}

const challengeHead = (message: Message) => fenced("http", answerLines(message, ["aauth-requirement"]));

function tokenRequest(message: Message): string {
  return fenced(
    "http",
    `${requestLines(message, ["content-digest", "signature-key"])}\n\n${message.request.body}`,
  );
}

function pendingHead(message: Message): string {
  const fields = ["location", "retry-after", "cache-control", "aauth-requirement"];
  return fenced("http", answerLines(message, fields));
}

function describeMode(
  page: string,
  mode: StackModes["mode"],
  make: (stack: TestStack) => Promise<Omit<PageRun, "stack">>,
): void {
  describe(mode, () => {
    const modes = { profile: "draft-11", mode } as const;
    let stack: TestStack | undefined;
    afterAll(() => stack?.stop());
    describePage(
      page,
      async () => {
        stack = await startStack({ modes });
        return { stack, ...(await make(stack)) };
      },
      { modes },
    );
  });
}

/** An answer as `curl -i` shows it, without what says nothing of AAuth. */
async function answerOf(reply: Response): Promise<string> {
  const fields = ["AAuth-Requirement", "Signature-Error", "Content-Type"].map(
    (name) => `${name}: ${reply.headers.get(name)}`,
  );
  return [`HTTP/1.1 ${reply.status} ${reply.statusText}`, ...fields, "", await reply.text()].join("\n");
}
