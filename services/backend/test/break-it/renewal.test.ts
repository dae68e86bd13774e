import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ScriptedStack, startScriptedStack } from "../scripted-stack.ts";

let stack: ScriptedStack;
/** A process that has the runs, and none of their requests. */
let restarted: FastifyInstance;
beforeEach(async () => {
  stack = await startScriptedStack({ env: { AAUTH_BREAK_IT: "true" } });
  restarted = await stack.another();
});
afterEach(() => stack.close());

/** A completed run. */
async function run(): Promise<string> {
  const { body } = await stack.call("alice", "POST", "/optimization/start", {});
  expect(body.status).toBe("completed");
  return body.request_id;
}

const attempt = (id: string, variant = "replay") =>
  stack.call("alice", "POST", `/optimization/${id}/break-it/${variant}`, {}, restarted);

/** Why a token cannot be stolen from a run; undefined where it can. */
async function reason(id: string): Promise<string | undefined> {
  const { body } = await stack.call("alice", "GET", `/optimization/${id}/trace`, undefined, restarted);
  return body.break_it.find(({ variant }: { variant: string }) => variant === "stolen-token").unavailable;
}

describe("a renewal that needs the user", () => {
  test("leaves nothing to tamper with, and the run as it was", async () => {
    const id = await run();
    stack.script.grant = "consent";
    expect((await attempt(id)).status).toBe(409);
    expect(await reason(id)).toBeUndefined();
    stack.script.grant = "direct";
    expect((await attempt(id, "stolen-token")).body).toMatchObject({ refused: true, as_meant: true });
  });

  test("says so, and not that consent was given", async () => {
    const id = await run();
    stack.script.grant = "consent";
    const { body } = await attempt(id);
    expect(body.detail).toContain("needs your consent");
    expect(body.detail).not.toContain("given");
  });
});
