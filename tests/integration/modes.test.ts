import { installLocalhostLookup } from "agent-kit/service";
import { afterEach, describe, expect, test } from "vitest";
import type { StackModes } from "../../scripts/demo/stack.ts";
import { signIn } from "../support/optimization-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

let stack: TestStack | undefined;
afterEach(() => stack?.stop());

/** A run over both hops in one mode, and its log lines. */
async function logOf(modes: Partial<StackModes>): Promise<string> {
  stack = await startStack({ modes });
  const state = await (await signIn(stack)).run();
  expect(state.status).toBe("completed");
  expect(JSON.stringify(state)).toContain("Market Analysis Report");
  return stack.log();
}

// tests/docs/walkthrough-*.test.ts run the modes without a token, and the default.
describe("modes that no page of the walk-through runs", () => {
  test("hwk, autonomous: asked for its identity first, then for an auth token", async () => {
    const log = await logOf({ signatureScheme: "hwk", authorizationScheme: "autonomous" });
    expect(log).toMatch(/backend +\| .*Retrying request with identity/);
    expect(log).toMatch(/backend +\| .*Retrying request with auth_token/);
    expect(log).toMatch(
      /market-analysis-agent +\| .*Authorization successful: auth_token verified for agent/,
    );
  });

  test("whole tokens are printed with --show-tokens, and private keys are not", async () => {
    const log = await logOf({ showTokens: true });
    expect(log).toMatch(
      /backend +\| .*Received auth_token from auth server.*eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{300}/,
    );
    expect(log).not.toMatch(/"d":"[\w-]{20}/);
  });
});
