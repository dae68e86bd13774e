/** docs/walkthrough/06 against real runs: its commands' output, its log lines, its refusals. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { signIn } from "../support/optimization-run.ts";
import { decide, startOrder, visit } from "../support/order-run.ts";
import { decideAtPages } from "../support/person-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";
import { fenced, tokenBlock } from "../support/walkthrough-blocks.ts";
import { issuedToken, messageOf } from "../support/walkthrough-messages.ts";
import { readWalkthroughPage } from "../support/walkthrough-page.ts";
import {
  chainPolicy,
  changedPolicy,
  mistakenDraft11Policy,
  mistakenPolicy,
  policyCommand,
  shownPolicyCommand,
} from "../support/walkthrough-policies.ts";
import { type RecordedRun, recordRun } from "../support/walkthrough-run.ts";
import { describePage } from "../support/walkthrough-tests.ts";

installLocalhostLookup();

const PAGE = "06-gateway-policy.md";
const POLICY_FILE = "agentgateway/config-policy.yaml";
const DRAFT_11_POLICY_FILE = "agentgateway/config-draft-11-policy.yaml";
const FROM_BACKEND = { from: "supply-chain-backend" } as const;
const RELOAD_WAIT = { timeout: 20_000, interval: 50 };

/** The page is followed with this Agentgateway binary when it is given. */
const gatewayProgram = process.env.AGENTGATEWAY_BIN || undefined;
const gateway = gatewayProgram === undefined ? {} : { gatewayProgram };
/** Agentgateway says it in its own words. */
const RELOADED = gatewayProgram === undefined ? "configuration reloaded" : "loaded config from File";

const policy = await readFile(REPOSITORY_ROOT + POLICY_FILE, "utf8");
let folder: string;
let stack: TestStack;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "walkthrough-policy-"));
  const policyFile = await fileWith("my-policy.yaml", policy);
  stack = await startStack({ modes: { policyFile, ...gateway } });
});
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true });
});

describePage(
  PAGE,
  async () => {
    let answer = "";
    const run = await recordRun(stack, async () => {
      const reply = await fetch(stack.urls.supplyChainAgent, { method: "POST" });
      answer = `HTTP/1.1 ${reply.status} ${reply.statusText}\n${await reply.text()}`;
      const document = await fetch(`${stack.urls.supplyChainAgent}/.well-known/aauth-resource`);
      expect(document.status).toBe(200);
      expect(await optimize()).toMatchObject({ status: "completed" });
      await changeRules(changedPolicy(policy));
      const refused = await optimize();
      expect(refused.status).toBe("failed");
      expect(readWalkthroughPage(PAGE).prose).toContain(`> ${refused.failure?.message}`);
      await changeRules(policy);
      expect(await optimize()).toMatchObject({ status: "completed" });
      // Rule 3, and what page 09 says of it.
      const order = await startOrder(stack);
      await decide(order, await visit(order), "approve");
      expect(await order.state()).toMatchObject({ status: "placed" });
    });
    const unnamed = await pseudonymousRun();
    const draft11 = await draft11Run();
    const regions = {
      "unsigned-answer": fenced("text", answer),
      "auth-token": tokenBlock(issuedToken(run, FROM_BACKEND_TOKEN)),
      ...(await commandRegions()),
    };
    const { traceId } = messageOf(run, { ...FROM_BACKEND, stoppedAt: "agentgateway" });
    const log = pageOrder(run.log, unnamed.log) + draft11.log;
    return { run: { ...run, log }, regions, stack, traceId };
  },
  { modes: { policyFile: REPOSITORY_ROOT + POLICY_FILE } },
);

const FROM_BACKEND_TOKEN = { ...FROM_BACKEND, requestType: "auth" } as const;

/** The page tells of the caller without a name before it changes the rule. */
function pageOrder(log: string, unnamed: string): string {
  const own = log.replace(
    "loaded config from File",
    "INFO:gateway:configuration reloaded from my-policy.yaml",
  );
  const change = own.indexOf("configuration reloaded");
  const before = own.lastIndexOf("\n", change) + 1;
  return own.slice(0, before) + unnamed + own.slice(before);
}

/** With scheme hwk gateway-authz asks for an identity, and gets one. */
async function pseudonymousRun(): Promise<RecordedRun> {
  const modes = { policyFile: POLICY_FILE, signatureScheme: "hwk", ...gateway } as const;
  const other = await startStack({ modes });
  try {
    return await recordRun(other, async () => {
      expect((await (await signIn(other)).run({ custom_prompt: "" })).status).toBe("completed");
    });
  } finally {
    await other.stop();
  }
}

/** The rules of draft -11, and a person who allows the run. */
async function draft11Run(): Promise<RecordedRun> {
  const other = await startStack({
    modes: { profile: "draft-11", policyFile: DRAFT_11_POLICY_FILE, ...gateway },
  });
  try {
    return await recordRun(other, async () => {
      const user = await signIn(other);
      expect((await decideAtPages(user, await user.run())).end.status).toBe("completed");
    });
  } finally {
    await other.stop();
  }
}

async function optimize() {
  return (await signIn(stack)).run({ custom_prompt: "optimize laptop supply chain" });
}

async function changeRules(text: string): Promise<void> {
  const reloads = () => stack.log().split(RELOADED).length;
  const before = reloads();
  await fileWith("my-policy.yaml", text);
  await vi.waitFor(() => expect(reloads()).toBe(before + 1), RELOAD_WAIT);
}

async function fileWith(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

/** What `npm run policy` prints for the files of the page. */
async function commandRegions(): Promise<Record<string, string>> {
  const page = readWalkthroughPage(PAGE);
  const shipped = await policyCommand(0, "test", POLICY_FILE);
  const changed = await policyCommand(
    1,
    "test",
    await fileWith("my-policy-changed.yaml", changedPolicy(policy)),
  );
  const checked = await policyCommand(0, "check", POLICY_FILE);
  const mistakes = await fileWith("mistakes.yaml", mistakenPolicy(policy, page.text));
  const chain = await policyCommand(0, "test", await fileWith("chain.yaml", chainPolicy(policy, page.text)));
  const draft11 = await readFile(REPOSITORY_ROOT + DRAFT_11_POLICY_FILE, "utf8");
  const draft11Mistakes = await fileWith("draft-11-mistakes.yaml", mistakenDraft11Policy(draft11, page.text));
  const draft11Test = await shownPolicyCommand(0, page.text, "--requests");
  return {
    "draft-11-test": fenced("text", lastLine(draft11Test)),
    "draft-11-check": fenced("text", await shownPolicyCommand(1, page.text, "AAUTH_MODE=agent-identity")),
    "draft-11-mistakes": fenced("text", await policyCommand(1, "check", draft11Mistakes)),
    "test-begin": fenced("text", requests(shipped).slice(0, 3).join("\n")),
    "test-end": fenced("text", lastLine(shipped)),
    "changed-test": fenced("text", firstRule(requests(changed).find(isUnexpected)!)),
    "changed-end": fenced("text", lastLine(changed).replace("my-policy-changed", "my-policy")),
    check: fenced("text", checked),
    "check-mistakes": fenced("text", await policyCommand(1, "check", mistakes)),
    "chain-test": fenced("text", chainRequests(chain).join("\n")),
  };
}

function chainRequests(output: string): string[] {
  const all = requests(output);
  const first = all.findIndex((request) => request.includes("for the backend and a user"));
  return all.slice(first, first + 2);
}

/** The output of `policy test`, request by request. */
function requests(output: string): string[] {
  return output.trimEnd().split(/\n(?=allowed|refused)/);
}

const isUnexpected = (request: string) => request.includes("expected: allowed");

/** A request without what its other rules say. */
function firstRule(request: string): string {
  return request.replace(/\n +rule 2[\s\S]*(?=\n +expected: )/, "");
}

function lastLine(output: string): string {
  return output.trimEnd().split("\n").at(-1)!;
}
