/**
 * Behaviour of Python agents and resources in our services' places that the swaps of matrix.test.ts
 * do not show.
 */

import { installLocalhostLookup } from "agent-kit/service";
import { afterEach, describe, expect, test } from "vitest";
import { type Child, startChild } from "../../support/child.ts";
import { signIn } from "../../support/optimization-run.ts";
import { type ServiceVariables, startStack, type TestStack } from "../../support/start-stack.ts";
import { follow } from "./cell.ts";
import { factsIn, PYTHON, program, pythonPeers } from "./python-peers.ts";
import { MODES, type Mode } from "./swaps.ts";

installLocalhostLookup();

let stack: TestStack;
let child: Child | undefined;
afterEach(async () => {
  child?.process.kill("SIGTERM");
  await stack.stop();
});

const forAll = (variables: Record<string, string>): ServiceVariables =>
  Object.fromEntries(
    ["backend", "gateway-authz", "supply-chain-agent", "market-analysis-agent", "auth-server"].map((name) => [
      name,
      variables,
    ]),
  );

describe("a Python agent in the backend's place", () => {
  /** Answers that it received; options are those of python/agent.py. */
  const call = async (mode: Mode, options: readonly string[] = [], { isPeer = true, hwk = "false" } = {}) => {
    stack = await startStack({
      modes: MODES[mode],
      without: ["backend"],
      env: ({ backendAgent }) =>
        forAll({ AAUTH_PUBLISHED_HWK: hwk, ...(isPeer && { AAUTH_PUBLISHED_PEERS: backendAgent }) }),
    });
    const args = [String(stack.ports.backend), stack.urls.supplyChainAgent, MODES[mode].signatureScheme];
    child = startChild(PYTHON, [program("agent"), ...args, "quiet", ...options]);
    await follow(child);
    const steps = factsIn(child.stdout()).filter(({ step }) => step !== undefined && step !== "end");
    return steps.map(({ step, status, code }) =>
      [step, status, ...(/code=(\w+)/.exec(code)?.slice(1) ?? [])].join(" "),
    );
  };

  test("is marked where its message is verified", async () => {
    expect(await call("jwks")).toEqual(["first 200"]);
    expect(stack.log()).toContain("does not cover the body");
  });

  test("is refused with another key than it publishes", async () => {
    expect(await call("jwks", ["other-key"])).toEqual(["first 401 invalid_signature"]);
  });

  test("is refused by key alone, where only its name is listed", async () => {
    expect(await call("hwk")).toEqual(["first 401 insufficient_coverage"]);
  });

  test("renews its auth token, and calls with the new one", async () => {
    expect(await call("user-delegated", ["refresh"])).toEqual([
      "first 401 authorization_required",
      "token 200",
      "code 200",
      "again 200",
      "refresh 200",
      "renewed 200",
    ]);
  });

  describe("with a delegate", () => {
    test("that has its agent token", async () => {
      expect(await call("jwks", ["delegate"])).toEqual(["first 200"]);
    });

    test("that obtains an auth token", async () => {
      expect(await call("autonomous", ["delegate"])).toEqual([
        "first 401 authorization_required",
        "token 200",
        "again 200",
      ]);
    });

    test("that is refused where the agent is not listed", async () => {
      expect(await call("jwks", ["delegate"], { isPeer: false })).toEqual([
        "first 401 insufficient_coverage",
      ]);
    });

    test("that is refused with another key than its agent token names", async () => {
      expect(await call("jwks", ["delegate", "other-key"])).toEqual(["first 401 invalid_signature"]);
    });
  });
});

test("called by key alone, a Python resource asks by name where its challenge names another, then for an auth token", async () => {
  stack = await startStack({
    modes: { authorizationScheme: "autonomous", signatureScheme: "hwk" },
    without: ["market-analysis-agent"],
    env: (urls) => forAll({ AAUTH_PUBLISHED_PEERS: urls.marketAnalysisAgent }),
  });
  child = await pythonPeers.start("market-analysis-agent", stack, "autonomous");
  const user = await signIn(stack);
  const results = await user.report(await user.run());
  const requests = factsIn(child.stdout()).filter((fact) => "verified" in fact);
  expect(requests.map(({ verified, scheme }) => [verified, scheme])).toEqual([
    [true, "hwk"],
    [true, "jwks"],
    [true, "jwt"],
  ]);
  expect(requests[0].covered).not.toContain("content-digest");
  expect(JSON.stringify(results)).not.toContain("No market analysis provided");
});
