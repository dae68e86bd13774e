/** docs/walkthrough/5-person-and-access-server.md against real runs. */

import type { Message } from "aauth-explain/run";
import { installLocalhostLookup } from "agent-kit/service";
import { expect } from "vitest";
import { User } from "../contract/auth-server/journey.ts";
import { signIn } from "../support/optimization-run.ts";
import { approvedOrder, orderEnd, startOrder } from "../support/order-run.ts";
import { decideAtPages, endMissionAtPage, revokeAtPage } from "../support/person-run.ts";
import type { TestStack } from "../support/start-stack.ts";
import { answerLines, fenced, requestLines, tokenBlock } from "../support/walkthrough-blocks.ts";
import { commandsOf } from "../support/walkthrough-commands.ts";
import { messageList } from "../support/walkthrough-lists.ts";
import { challengeToken, messageOf, receivedToken } from "../support/walkthrough-messages.ts";
import { readWalkthroughPage } from "../support/walkthrough-page.ts";
import { recordRun } from "../support/walkthrough-run.ts";
import { describePage } from "../support/walkthrough-tests.ts";

installLocalhostLookup();

const PAGE = "5-person-and-access-server.md";
const FROM_BACKEND = { from: "supply-chain-backend" } as const;
const PENDING_FIELDS = ["location", "retry-after", "cache-control", "aauth-requirement"];

describePage(PAGE, {
  "person-server": {
    modes: { profile: "draft-11", mode: "person-server" },
    async record(stack) {
      const { run } = await allowedRun(stack);
      const asked = messageOf(run, { ...FROM_BACKEND, requestType: "person-token" });
      const second = { ...FROM_BACKEND, attempt: 2 };
      const challenge = messageOf(run, { ...second, outcome: "challenged" });
      const regions = {
        messages: messageList(run),
        "person-request": tokenRequest(asked),
        pending: fenced("http", answerLines(asked, PENDING_FIELDS)),
        "person-token": tokenBlock(receivedToken(run, { ...FROM_BACKEND, method: "GET" })),
        challenge: fenced("http", answerLines(challenge, ["aauth-requirement"])),
        "resource-token": tokenBlock(challengeToken(run, second)),
        "auth-token": tokenBlock(receivedToken(run, { ...FROM_BACKEND, requestType: "auth-token" })),
      };
      return { run, regions };
    },
  },
  identity: {
    modes: { profile: "draft-11", mode: "person-identity" },
    async record(stack) {
      const { run } = await allowedRun(stack);
      return { run, regions: { messages: messageList(run) } };
    },
  },
  waiting: {
    modes: { profile: "draft-11", mode: "person-server" },
    env: commandVariables,
    async record(stack) {
      const { run, browser, user } = await allowedRun(stack);
      let report = "";
      const revoked = await recordRun(stack, async () => {
        await revokeAtPage(stack, browser, "aauth:supply-chain-agent@");
        const { end, visits } = await decideAtPages(user, await user.run(), () => "cancel", browser);
        expect([end.status, visits.length]).toEqual(["failed", 1]);
        const details = end.activities.map((activity) => activity.details).join("\n");
        report = /No market analysis provided[\s\S]*?(?=\n+##)/.exec(details)![0];
      });
      const refused = messageOf(revoked, { from: "supply-chain-agent", status: 401, outcome: "refused" });
      const regions = {
        messages: messageList(run, 6),
        denied: fenced("text", report),
        "revoked-answer": fenced("http", answerLines(refused, ["signature-error", "aauth-requirement"])),
      };
      return { run: { ...run, log: revoked.log }, regions };
    },
  },
  federated: {
    modes: { profile: "draft-11", mode: "federated" },
    async record(stack) {
      const { run, browser, user } = await allowedRun(stack);
      const revoked = await recordRun(stack, async () => {
        await revokeAtPage(stack, browser, "aauth:user-");
        const { end } = await decideAtPages(user, await user.run(), () => "cancel", browser);
        expect(end.failure?.code).toBe("denied");
      });
      const regions = {
        messages: messageList(run),
        "access-request": tokenRequest(messageOf(run, { from: "person-server", to: "access-server" })),
      };
      return { run: { ...run, log: run.log + revoked.log }, regions };
    },
  },
  mission: {
    modes: { profile: "draft-11", mode: "mission" },
    async record(stack) {
      const { run, browser, user } = await allowedRun(stack);
      const orders = await recordRun(stack, async () => {
        const model = "MacBook Pro";
        expect((await approvedOrder(stack, { model, quantity: 6 })).status).toBe("placed");
        const beyond = await startOrder(stack, { model, quantity: 3 });
        expect((await orderEnd(beyond)).status).toBe("failed");
      });
      const ended = await recordRun(stack, async () => {
        await endMissionAtPage(stack, browser);
        const { end } = await decideAtPages(user, await user.run(), () => "cancel", browser);
        expect(end.failure?.code).toBe("mission_terminated");
      });
      const refused = orders.protocol.messages.findLast(({ url }) => url.endsWith("/aauth/permission"))!;
      const regions = {
        messages: messageList(run),
        proposal: tokenRequest(messageOf(run, { ...FROM_BACKEND, method: "POST", to: "person-server" })),
        permission: tokenRequest(refused),
        denied: wholeAnswer(refused),
        terminated: wholeAnswer(messageOf(ended, { ...FROM_BACKEND, status: 403 })),
      };
      return { run, regions };
    },
  },
});

/** An answer with its body. */
function wholeAnswer(message: Message): string {
  return fenced("http", `${answerLines(message, ["content-type"])}\n\n${message.response.body}`);
}

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

/** Variables of the page's command that makes the second hop ask. */
function commandVariables() {
  const commands = commandsOf(readWalkthroughPage(PAGE).text);
  const { env } = commands.find((command) => "PERSON_SERVER_CONSENT_SCOPES" in command.env)!;
  return { "person-server": env, backend: env };
}

function tokenRequest(message: Message): string {
  const head = requestLines(message, ["content-digest", "signature-key"]);
  return fenced("http", `${head}\n\n${message.request.body}`);
}
