import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { readProtocolRun } from "aauth-explain/run";
import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keptWork } from "../../scripts/demo/kept-state.ts";
import { runWithConsent } from "../support/consent-run.ts";
import { signIn, WITH_MARKET_ANALYSIS } from "../support/optimization-run.ts";
import { LOG_WAIT, startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

describe("a process that is killed and started again by the demo's runner", () => {
  let supervised: TestStack;
  const folder = mkdtempSync(join(tmpdir(), "restart-"));

  beforeAll(async () => {
    const kept = (name: string) => ({
      AAUTH_STORE: `sqlite:${folder}`,
      AAUTH_KEYS: `${folder}/keys/${name}`,
    });
    const env = { backend: kept("backend"), "trace-store": kept("trace-store") };
    supervised = await startStack({ processes: "supervised", env });
  });
  afterAll(async () => {
    await supervised?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function killAndWait(name: string) {
    process.kill(supervised.processes.find((running) => running.name === name)!.pid!, "SIGKILL");
    await expect
      .poll(() => supervised.log(), { timeout: 30_000 })
      .toMatch(new RegExp(`^${name} +\\| ${name} is back\\.$`, "m"));
  }

  test("an agent answers the next run", async () => {
    await killAndWait("supply-chain-agent");
    expect(await (await signIn(supervised)).run()).toMatchObject({ status: "completed" });
  });

  test("backend and trace store still show every message of an earlier run", async () => {
    const caller = await signIn(supervised);
    const { request_id } = await caller.run();
    const messages = async () => {
      const { traces } = (await (await caller.get(`/optimization/${request_id}/trace`)).json()) as {
        traces: unknown[];
      };
      return readProtocolRun(traces).messages.map(({ what, status }) => `${what} ${status}`);
    };
    const answered = async () => (await messages()).filter((message) => message === "message/send 200");
    await expect.poll(answered, { timeout: 15_000 }).toHaveLength(2);
    await pause(2_000);
    const before = await messages();
    await Promise.all(["backend", "trace-store"].map(killAndWait));
    expect(await messages()).toEqual(before);
    expect(keptWork(folder)).toMatch(/^[12] runs?$/);
  });

  test.each(["gateway", "gateway-authz"])("%s: no run fails on a connection that is kept", async (name) => {
    const caller = await signIn(supervised);
    await caller.run();
    await killAndWait(name);
    expect(await caller.run()).toMatchObject({ status: "completed" });
  });
});

test("all agents, user delegated, three times in a row: every verifier accepts the first request with the new key", async () => {
  const agents = ["backend", "supply-chain-agent", "market-analysis-agent"];
  const { custom_prompt } = WITH_MARKET_ANALYSIS;
  const delegated = await startStack({
    modes: { authorizationScheme: "user-delegated" },
    processes: agents,
  });
  try {
    // Its verifiers have seen the first keys.
    expect(await runWithConsent(delegated, custom_prompt)).toMatchObject({ status: "completed" });
    for (let start = 0; start < 3; start++) {
      await Promise.all(agents.map((name) => delegated.kill(name)));
      await Promise.all(agents.map((name) => delegated.startAgain(name)));
      const since = delegated.log().length;
      expect(await runWithConsent(delegated, custom_prompt)).toMatchObject({ status: "completed" });
      await expect
        .poll(() => delegated.log().slice(since), LOG_WAIT)
        .toMatch(/supply-chain-agent +\| .*Token exchange: upstream_auth_token=/);
      expect(delegated.log().slice(since)).not.toMatch(/invalid_signature/);
    }
  } finally {
    await delegated.stop();
  }
}, 120_000);
