/** docs/walkthrough/4-policy.md against real runs: commands, log lines, refusals. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { signIn } from "../support/optimization-run.ts";
import { decide, startOrder, visit } from "../support/order-run.ts";
import { decideAtPages } from "../support/person-run.ts";
import type { TestStack } from "../support/start-stack.ts";
import { fenced } from "../support/walkthrough-blocks.ts";
import { messageOf } from "../support/walkthrough-messages.ts";
import { readWalkthroughPage } from "../support/walkthrough-page.ts";
import {
  chainPolicy,
  changedPolicy,
  mistakenDraft11Policy,
  mistakenPolicy,
  policyCommand,
  shownPolicyCommand,
} from "../support/walkthrough-policies.ts";
import { recordRun } from "../support/walkthrough-run.ts";
import { describePage } from "../support/walkthrough-tests.ts";

installLocalhostLookup();

const PAGE = "4-policy.md";
const POLICY_FILE = "agentgateway/config-policy.yaml";
const DRAFT_11_POLICY_FILE = "agentgateway/config-draft-11-policy.yaml";
const ONE_AGENT = { custom_prompt: "optimize laptop supply chain" };
const RELOAD_WAIT = { timeout: 20_000, interval: 50 };

/** Agentgateway, with which the stacks start where it is set, has other words for it. */
const RELOADED = process.env.AGENTGATEWAY_BIN ? "loaded config from File" : "configuration reloaded";

const policy = await readFile(REPOSITORY_ROOT + POLICY_FILE, "utf8");
const draft11Policy = await readFile(REPOSITORY_ROOT + DRAFT_11_POLICY_FILE, "utf8");
const page = readWalkthroughPage(PAGE).text;
let folder: string;
let policyFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "walkthrough-policy-"));
  policyFile = await fileWith("my-policy.yaml", policy);
});
afterAll(() => rm(folder, { recursive: true }));

describePage(PAGE, {
  policy: {
    modes: { policyFile: REPOSITORY_ROOT + POLICY_FILE, signatureScheme: "jwks" },
    stackModes: () => ({ policyFile }),
    async record(stack) {
      let unsigned = "";
      const run = await recordRun(stack, async () => {
        const reply = await fetch(stack.urls.supplyChainAgent, { method: "POST" });
        unsigned = `HTTP/1.1 ${reply.status} ${reply.statusText}\n${await reply.text()}`;
        await followChanges(stack);
      });
      const { traceId } = messageOf(run, { from: "supply-chain-backend", stoppedAt: "agentgateway" });
      const regions = {
        "unsigned-answer": fenced("text", unsigned),
        ...(await commandRegions()),
      };
      const reload = /\S+ info state_manager loaded config from File\("\S+\/(\S+)"\) */g;
      const log = run.log.replace(reload, "INFO:gateway:configuration reloaded from $1");
      return { run: { ...run, log }, regions, traceId };
    },
  },
  hwk: {
    modes: { policyFile: REPOSITORY_ROOT + POLICY_FILE, signatureScheme: "hwk" },
    stackModes: () => ({ policyFile: POLICY_FILE, signatureScheme: "hwk" }),
    async record(stack) {
      // gateway-authz requires an identity, and gets one.
      return { run: await recordRun(stack, () => expectRun(stack, "completed")) };
    },
  },
  "draft-11": {
    modes: { profile: "draft-11", policyFile: REPOSITORY_ROOT + DRAFT_11_POLICY_FILE },
    stackModes: () => ({ profile: "draft-11", policyFile: DRAFT_11_POLICY_FILE }),
    async record(stack) {
      const run = await recordRun(stack, async () => {
        const user = await signIn(stack);
        expect((await decideAtPages(user, await user.run())).end.status).toBe("completed");
      });
      const mistakes = await fileWith("draft-11-mistakes.yaml", mistakenDraft11Policy(draft11Policy, page));
      const commands = [
        await shownPolicyCommand(0, page, "--requests"),
        await shownPolicyCommand(1, page, "AAUTH_MODE=agent-identity"),
      ];
      const regions = {
        tested: fenced("text", commands.map(lastLine).join("\n")),
        mistakes: fenced("text", await policyCommand(1, "check", mistakes)),
      };
      return { run, regions };
    },
  },
});

/** Runs with the shipped rules, with the page's change, and with the shipped rules again. */
async function followChanges(stack: TestStack): Promise<void> {
  const document = await fetch(`${stack.urls.supplyChainAgent}/.well-known/aauth-resource`);
  expect(document.status).toBe(200);
  await expectRun(stack, "completed");
  await changeRules(stack, changedPolicy(policy));
  const refused = await expectRun(stack, "failed");
  expect(page).toContain(`> ${refused.failure?.message}`);
  await changeRules(stack, policy);
  await expectRun(stack, "completed");
  const order = await startOrder(stack);
  await decide(order, await visit(order), "approve");
  expect(await order.state()).toMatchObject({ status: "placed" });
}

async function expectRun(stack: TestStack, status: "completed" | "failed") {
  const end = await (await signIn(stack)).run(ONE_AGENT);
  expect(end.status).toBe(status);
  return end;
}

async function changeRules(stack: TestStack, text: string): Promise<void> {
  const reloads = () => stack.log().split(RELOADED).length;
  const before = reloads();
  await fileWith("my-policy.yaml", text);
  await vi.waitFor(() => expect(reloads()).toBe(before + 1), RELOAD_WAIT);
}

async function fileWith(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

/** Output of `npm run policy` for the page's February files. */
async function commandRegions(): Promise<Record<string, string>> {
  const shipped = await policyCommand(0, "test", POLICY_FILE);
  const changedFile = await fileWith("my-policy-changed.yaml", changedPolicy(policy));
  const changed = await policyCommand(1, "test", changedFile);
  const unexpected = requests(changed).find((request) => request.includes("expected: allowed"))!;
  const mistakes = await fileWith("mistakes.yaml", mistakenPolicy(policy, page));
  const chains = requests(
    await policyCommand(0, "test", await fileWith("chain.yaml", chainPolicy(policy, page))),
  );
  const chain = chains.findIndex((request) => request.includes("for the backend and a user"));
  expect(lastLine(await policyCommand(0, "check", POLICY_FILE))).toContain("nothing found");
  return {
    tested: fenced("text", [...requests(shipped).slice(0, 3), "…", lastLine(shipped)].join("\n")),
    "changed-test": fenced(
      "text",
      `${firstRule(unexpected)}\n${lastLine(changed).replace("my-policy-changed", "my-policy")}`,
    ),
    mistakes: fenced("text", await policyCommand(1, "check", mistakes)),
    "chain-test": fenced("text", chains.slice(chain, chain + 2).join("\n")),
  };
}

/** The output of `policy test`, request by request. */
function requests(output: string): string[] {
  return output.trimEnd().split(/\n(?=allowed|refused)/);
}

/** A request without the output of its other rules. */
function firstRule(request: string): string {
  return request.replace(/\n +rule 2[\s\S]*(?=\n +expected: )/, "");
}

function lastLine(output: string): string {
  return output.trimEnd().split("\n").at(-1)!;
}
