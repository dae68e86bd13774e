/** A run whose container is killed, and the run after it. */

import { setTimeout as pause } from "node:timers/promises";
import { installLocalhostLookup } from "agent-kit/service";
import type { Progress } from "backend-api";
import { beforeEach, expect, test } from "vitest";
import { compose, up } from "../compose-stack.ts";
import { nextRun, startRun } from "../run-under-way.ts";
import { throughContainers } from "../through-containers.ts";

installLocalhostLookup();
throughContainers();

/** By then a run has passed the backend and the first agent, and waits for the stopped one. */
const RUN_UNDER_WAY_MS = 1500;
/**
 * Longer than the gateway keeps an idle connection. An agent that continues after a pause closes
 * connections that were idle for 5 s, even if a request has arrived on them; a new connection is
 * accepted.
 */
const CONNECTIONS_GONE_MS = 6000;
const BACK = { timeout: 60_000, interval: 1000 };

// Restores the whole stack before each test, so that one failure does not break the next.
beforeEach(() => up());

/** Stopped, so that the run waits for it while a container is killed. */
const WAITED_FOR = "market-analysis-agent";

/**
 * Signals all processes of a container except its init. Not `pause`, because Docker takes a paused
 * container for unhealthy within seconds.
 */
const signal = (name: string, what: "STOP" | "CONT") =>
  compose(["exec", "--no-TTY", name, "bash", "-c", `kill -${what} -1`]);

/** Starts a run, and kills a container while the run provably continues. */
async function killDuringRun(name: string) {
  await pause(CONNECTIONS_GONE_MS);
  await signal(WAITED_FOR, "STOP");
  try {
    const run = await startRun();
    await pause(RUN_UNDER_WAY_MS);
    expect((await run.progress()).status).toBe("running");
    await compose(["kill", name]);
    return run;
  } finally {
    if (name !== WAITED_FOR) await signal(WAITED_FOR, "CONT");
  }
}

test.each([
  // Services that the run needs after the kill.
  ["supply-chain-agent", ["failed"]],
  ["agentgateway", ["failed"]],
  // Services that the run may no longer need by then.
  ["gateway-authz", ["failed", "completed"]],
  ["keycloak", ["failed", "completed"]],
  // Services that the run never needs.
  ["jaeger", ["completed"]],
  ["ui", ["completed"]],
  ["delegate-agent", ["completed"]],
])("%s, during a run: it ends %j, and the next one works when it is back", async (name, ends) => {
  const end = await (await killDuringRun(name)).ended();
  expect(ends).toContain(end.status);
  expectClearEnd(end);
  await up();
  await expect.poll(nextRun, BACK).toBe("completed");
});

test("market-analysis-agent, during a run: it fails with the missing part, its place and the reason", async () => {
  const run = await killDuringRun("market-analysis-agent");
  const end = await run.ended();
  expect(end.status).toBe("failed");
  expectClearEnd(end);
  const rationale = (await run.results()).reasoning.map((reason) => reason.rationale).join(" ");
  expect(rationale).toMatch(
    /No market analysis provided \(request failed\)\. Hop: supply-chain-agent -> market-analysis-agent\. Code: \w+/,
  );
  await up();
  await expect.poll(nextRun, BACK).toBe("completed");
});

test.each(["supply-chain-agent", "agentgateway", "gateway-authz"])(
  "%s, before a run: it fails and says where",
  async (name) => {
    await compose(["kill", name]);
    const end = await (await startRun()).ended();
    expect(end.status).toBe("failed");
    expectClearEnd(end);
    await up();
    await expect.poll(nextRun, BACK).toBe("completed");
  },
);

test("backend: its run is completed when it is back, and the next one works", async () => {
  const run = await killDuringRun("backend");
  await expect(run.progress()).rejects.toThrow();
  await up();
  expect((await run.ended()).status).toBe("completed");
  await expect.poll(nextRun, BACK).toBe("completed");
});

test("net: no request reaches the stack; after `down` and `up` the next run works", async () => {
  const run = await killDuringRun("net");
  await expect(run.progress()).rejects.toThrow();
  await compose(["down", "--timeout", "4"]);
  await up();
  await expect.poll(nextRun, BACK).toBe("completed");
});

function expectClearEnd({ status, failure }: Progress): void {
  if (status !== "failed") return;
  expect(failure).toMatchObject({
    hop: expect.any(String),
    code: expect.any(String),
    message: expect.any(String),
  });
}
