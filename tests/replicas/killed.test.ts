import { setTimeout as pause } from "node:timers/promises";
import { type Progress, progressSchema } from "backend-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type LastingUser, lastingUser, startRun } from "../support/lasting-user.ts";
import { type ReplicaStack, startReplicas } from "../support/start-replicas.ts";

/** `npm run test:long -- replicas` kills every process, at more moments of a run. */
const IS_STORM = process.env.LONG_TESTS !== undefined;
/** Moments, in twelfths of the time that a run takes on this machine. */
const TWELFTHS = IS_STORM ? Array.from({ length: 12 }, (_, index) => index) : [3];
const REPLICATED = ["backend", "supply-chain-agent", "market-analysis-agent", "gateway-authz"];
/** A waiting person gives up after that. */
const END_LIMIT_MS = 30_000;
/** Time for a restart on a busy machine. */
const START_LIMIT_MS = 150_000;
const POLL_MS = 200;
/** Characters of the services' log that a failed test shows. */
const LOG_CHARACTERS = 6_000;

const FEBRUARY = ["February 2026", { profile: "february-2026" }, REPLICATED] as const;
const DRAFT_11 = [
  "draft -11",
  { profile: "draft-11", mode: "agent-identity" },
  [...REPLICATED, "person-server"],
] as const;

// In CI `takeover.test.ts` kills a backend of draft -11.
describe.each(IS_STORM ? [FEBRUARY, DRAFT_11] : [FEBRUARY])("in %s", (_name, modes, services) => {
  let stack: ReplicaStack;
  let user: LastingUser;
  let runMs: number;
  beforeAll(async () => {
    stack = await startReplicas(modes);
    user = lastingUser(stack.urls);
    // The first run has no cached keys and no connections.
    for (let run = 0; run < 3; run++) {
      const startedMs = performance.now();
      await startRun(user);
      await allEnded(10);
      runMs = performance.now() - startedMs;
    }
  }, 180_000);
  afterAll(() => stack?.stop());

  async function runs(): Promise<readonly Progress[]> {
    const reply = await user("/optimization/all");
    if (!reply.ok) throw new Error(`${reply.status}`);
    return z.array(progressSchema).parse(await reply.json());
  }

  /**
   * The runs, once none is in progress. A request that met the killed process is repeated, as a
   * page does.
   */
  async function allEnded(pollMs = POLL_MS): Promise<readonly Progress[]> {
    const until = performance.now() + END_LIMIT_MS;
    for (;;) {
      const found = await runs().catch(() => undefined);
      if (found?.every(({ status }) => status === "completed" || status === "failed")) return found;
      if (performance.now() > until) {
        const states = found?.map(({ status, current_step }) => `${status}: ${current_step}`);
        throw new Error(`not ended: ${states?.join("; ")}\n${stack.log().slice(-LOG_CHARACTERS)}`);
      }
      await pause(pollMs);
    }
  }

  const starts = (name: string) => stack.log().split(`${name.replace(/-\d$/, "")} ready on`).length;

  // In turn, because a process that dies five times within a minute is not restarted.
  const victims = services.flatMap((name) => (IS_STORM ? [`${name}-1`, `${name}-2`] : [`${name}-1`]));
  test.each(TWELFTHS)(
    "a run ends with a result or a reason, whichever process is killed after %i twelfths of it, and so does the next one",
    async (twelfths) => {
      for (const victim of victims) {
        const started = starts(victim);
        const start = startRun(user).catch((error: unknown) => error);
        await pause((twelfths / 12) * runMs);
        stack.kill(victim);
        await start;
        for (const { status, failure } of await allEnded())
          expect([status, failure?.code]).toEqual(
            status === "failed" ? ["failed", expect.any(String)] : ["completed", undefined],
          );
        await expect.poll(() => starts(victim), { timeout: START_LIMIT_MS }).toBeGreaterThan(started);
        expect((await startRun(user)).status).toBe(200);
        const [ended] = await allEnded();
        expect([ended?.status, ended?.failure]).toEqual(["completed", undefined]);
      }
    },
    1_800_000,
  );
});
