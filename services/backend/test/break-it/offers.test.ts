import { afterEach, expect, it } from "vitest";
import { type ScriptedStack, startScriptedStack } from "../scripted-stack.ts";

let stack: ScriptedStack;
afterEach(() => stack?.close());

/** Reason why a new run offers no token to steal. */
async function reason(): Promise<string> {
  const { request_id } = (await stack.call("alice", "POST", "/optimization/start", {})).body;
  const { body } = await stack.call("alice", "GET", `/optimization/${request_id}/trace`);
  const offer = body.break_it.find(({ variant }: { variant: string }) => variant === "stolen-token");
  return offer.unavailable;
}

it("a run that needed no auth token is distinguished from one that has not got the one it needed", async () => {
  stack = await startScriptedStack({ env: { AAUTH_BREAK_IT: "true" } });
  stack.script.requirement = { level: "identified" };
  expect(await reason()).toBe("This run needed no auth token.");
  stack.script.requirement = { level: "authorized", scopes: ["supply-chain:optimize"] };
  stack.script.grant = "consent";
  expect(await reason()).toBe("This run needed an auth token but received none.");
});
