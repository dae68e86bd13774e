import { setTimeout as pause } from "node:timers/promises";
import { installLocalhostLookup } from "agent-kit/service";
import type { Progress } from "backend-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { settings as backendSettings } from "../../services/backend/src/config.ts";
import { settings as agentSettings } from "../../services/supply-chain-agent/src/config.ts";
import { type ApiUser, signIn, signInAgain, whileSuspended } from "../support/optimization-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

let stack: TestStack;
let user: ApiUser;

beforeAll(async () => {
  stack = await startStack({
    processes: true,
    env: {
      // Each hop times out before the one in front of it: market analysis 4 s, the gateway's check
      // 5 s, the whole run 8 s.
      "supply-chain-agent": { MARKET_ANALYSIS_DEADLINE: "4" },
      backend: { SUPPLY_CHAIN_AGENT_TIMEOUT_SECONDS: "8" },
    },
  });
  user = await signIn(stack);
});
afterAll(() => stack?.stop());

/** The results' entry about the second hop. */
async function marketAnalysisOf(progress: Progress) {
  return (await user.report(progress)).reasoning.find(({ decision }) => decision === "Market Analysis");
}

async function expectBothHopsWork(): Promise<void> {
  const progress = await user.run();
  expect(progress).toMatchObject({ status: "completed" });
  expect(await marketAnalysisOf(progress)).toMatchObject({ agent: "market-analysis-agent" });
}

/** The first hop has answered, and the run has failed at the second. */
async function expectSecondHopFailed(progress: Progress, code: string): Promise<void> {
  expect(progress).toMatchObject({ status: "failed", failure: { hop: "market-analysis-agent", code } });
  expect(await marketAnalysisOf(progress)).toMatchObject({
    agent: "supply-chain-agent",
    rationale: expect.stringContaining(`Hop: supply-chain-agent -> market-analysis-agent. Code: ${code}`),
  });
}

/** Starts a run that waits at its second hop, and resolves with its end after `during`. */
async function runWhile(during: () => Promise<void>): Promise<Progress> {
  const since = stack.log().length;
  return whileSuspended(stack, "market-analysis-agent", async () => {
    const run = user.run();
    while (
      !/SIGNING with: method=POST, target_uri=http:\/\/market-analysis-agent/.test(stack.log().slice(since))
    ) {
      await pause(20);
    }
    await during();
    return run;
  });
}

describe("a service that is not there", () => {
  test("everything is up", expectBothHopsWork);

  test("gateway-authz: no call is accepted", async () => {
    await stack.kill("gateway-authz");
    expect(await user.run()).toMatchObject({
      status: "failed",
      failure: {
        hop: "gateway",
        check: "connection",
        code: "http_503",
        message: expect.stringContaining("authorization service"),
      },
    });
    await stack.startAgain("gateway-authz");
    await expectBothHopsWork();
  });

  test("S3: market-analysis-agent: the run fails, and the first hop's answer names the missing second one", async () => {
    await stack.kill("market-analysis-agent");
    await expectSecondHopFailed(await user.run(), "http_503");
    await stack.startAgain("market-analysis-agent");
    await expectBothHopsWork();
  });

  test("gateway: gone under one run, absent for the next", async () => {
    const gone = await runWhile(() => stack.kill("gateway"));
    expect(gone).toMatchObject({ status: "failed", failure: { hop: "gateway", check: "connection" } });
    const absent = await user.run();
    expect(absent.failure).toMatchObject({ hop: "gateway", check: "connection", code: "connection_refused" });
    await stack.startAgain("gateway");
    await expectBothHopsWork();
  });

  test("supply-chain-agent: gone under one run, absent for the next", async () => {
    const gone = await runWhile(() => stack.kill("supply-chain-agent"));
    const failure = { hop: "supply-chain-agent", check: "connection", code: "http_503" };
    expect(gone).toMatchObject({ status: "failed", failure });
    expect(await user.run()).toMatchObject({ status: "failed", failure });
    await stack.startAgain("supply-chain-agent");
    await expectBothHopsWork();
  });

  test("auth-server: no token, no run; after its restart the user signs in again", async () => {
    await stack.kill("auth-server");
    expect(await user.run()).toMatchObject({
      status: "failed",
      failure: { hop: "auth-server", check: "connection", code: "connection_refused" },
    });
    await stack.startAgain("auth-server");
    // Its keys are new, so its earlier signatures are no longer valid.
    user = await signInAgain(stack);
    await expectBothHopsWork();
  });
});

test("with the default settings, too, each hop times out before the one in front of it", () => {
  const { supplyChainAgentTimeoutSeconds: wait } = backendSettings;
  const { marketAnalysisDeadlineSeconds: deadline } = agentSettings;
  expect(deadline.schema.parse(undefined)).toBeLessThan(wait.schema.parse(undefined));
});

describe("a service that accepts connections and never answers", () => {
  test.each([
    ["gateway-authz", { hop: "gateway", check: "connection", code: "http_503" }],
    ["supply-chain-agent", { hop: "supply-chain-agent", check: "timeout", code: "timeout" }],
    ["auth-server", { hop: "auth-server", check: "timeout", code: "timeout" }],
  ])("%s: the run ends in time and names it, and the next one works", async (name, failure) => {
    const progress = await whileSuspended(stack, name, () => user.run());
    expect(progress).toMatchObject({ status: "failed", failure });
    await expectBothHopsWork();
  });

  test("market-analysis-agent: the run fails, and the first hop's answer names the missing second one", async () => {
    const progress = await whileSuspended(stack, "market-analysis-agent", () => user.run());
    await expectSecondHopFailed(progress, "timeout");
    await expectBothHopsWork();
  });
});
