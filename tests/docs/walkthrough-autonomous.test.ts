/**
 * docs/walkthrough/03, 08 and 09 against real runs of one stack: the keys are the same on the three
 * pages.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installLocalhostLookup } from "agent-kit/service";
import { delegateListSchema } from "backend-api";
import { afterAll, beforeAll, expect } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { startChild } from "../support/child.ts";
import { signIn } from "../support/optimization-run.ts";
import { decide, startOrder, visit } from "../support/order-run.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";
import { answerLines, fenced, inline, requestLines, tokenBlock } from "../support/walkthrough-blocks.ts";
import { challengeToken, issuedToken, messageOf, sentToken } from "../support/walkthrough-messages.ts";
import { recordRun, withDemoPorts } from "../support/walkthrough-run.ts";
import { describePage } from "../support/walkthrough-tests.ts";

installLocalhostLookup();

const FROM_BACKEND = { from: "supply-chain-backend" } as const;
const CALL_FIELDS = [
  ...["content-type", "content-digest", "nonce"],
  ...["signature-key", "signature-input", "signature"],
];

let folder: string;
let stack: TestStack;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "walkthrough-"));
  const delegatesFile = join(folder, "delegates.json");
  const env = {
    backend: { BACKEND_DELEGATES_FILE: delegatesFile },
    "delegate-agent": {
      DELEGATE_DATA_FOLDER: join(folder, "delegate-agent"),
      DELEGATE_ENROLMENT_FILE: delegatesFile,
    },
  };
  stack = await startStack({ modes: { delegate: true }, env });
});
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true });
});

// First, because the delegate gets its agent token when it starts.
describePage("08-delegated-agents.md", async () => {
  const run = await recordRun(
    stack,
    async () => {
      const { delegates } = delegateListSchema.parse(await ask("/delegates", "GET"));
      await ask(`/delegates/${delegates[0]!.sub}/run`, "POST");
    },
    { fromStart: true },
  );
  const regions = {
    "agent-token": tokenBlock(sentToken(run, { from: "delegate-agent", to: "supply-chain-agent" })),
    "auth-token": tokenBlock(issuedToken(run, { from: "delegate-agent", requestType: "auth" })),
  };
  return { run, regions, stack };
});

describePage("03-autonomous.md", async () => {
  const run = await recordRun(stack, async () => {
    expect((await (await signIn(stack)).run()).status).toBe("completed");
  });
  const first = messageOf(run, { ...FROM_BACKEND, outcome: "challenged" });
  const tokenRequest = messageOf(run, { ...FROM_BACKEND, purpose: "token" });
  const second = messageOf(run, { ...FROM_BACKEND, attempt: 2 });
  const regions = {
    challenge: fenced("http", answerLines(first, ["agent-auth"])),
    "token-request": fenced(
      "http",
      `${requestLines(tokenRequest, CALL_FIELDS)}\n\n${tokenRequest.request.body}`,
    ),
    "second-call": fenced("http", requestLines(second, CALL_FIELDS)),
    "resource-token": tokenBlock(challengeToken(run, FROM_BACKEND)),
    "auth-token": tokenBlock(issuedToken(run, { ...FROM_BACKEND, requestType: "auth" })),
  };
  return { run, regions, stack };
});

describePage("09-progressive-levels.md", async () => {
  const { urls, ports } = stack;
  let printed = "";
  const run = await recordRun(stack, async () => {
    printed = await levels("--resource", urls.supplyChainAgent, "--auth-server", urls.authServer);
    const order = await startOrder(stack);
    expect(order.waiting.status).toBe("interaction_required");
    const end = await decide(order, await visit(order), "approve");
    expect(end).toBe(`${urls.ui}/?order=${order.waiting.order_id}`);
    expect(await order.state()).toMatchObject({ status: "placed", total: 62_500 });
  });
  const output = withDemoPorts(printed, ports);
  const metadata = await (await fetch(`${urls.supplyChainAgent}/.well-known/aauth-resource`)).json();
  const regions = {
    levels: fenced("console", output),
    metadata: fenced("json", withDemoPorts(inline(metadata), ports)),
    "own-token": tokenBlock(issuedToken(run, { from: "supply-chain-agent", requestType: "code" })),
  };
  return { run, regions, stack };
});

async function ask(path: string, method: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${await userAccessToken(stack.urls)}` };
  const reply = await fetch(`${stack.urls.backend}${path}`, { method, headers });
  expect(reply.status).toBe(200);
  return reply.json();
}

async function levels(...args: string[]): Promise<string> {
  // Without a developer's .env: it may name other addresses.
  const options = { cwd: REPOSITORY_ROOT, env: { PATH: process.env.PATH } };
  const program = startChild(process.execPath, ["scripts/levels.ts", ...args], options);
  if ((await program.ended).status !== 0) throw new Error(program.text());
  return program.stdout();
}
