import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { runWithConsent } from "../support/consent-run.ts";
import { type ApiUser, signIn, signInAgain, WITH_MARKET_ANALYSIS } from "../support/optimization-run.ts";
import { LOG_WAIT, startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

let stack: TestStack;
let user: ApiUser;

beforeAll(async () => {
  stack = await startStack({ processes: true });
  user = await signIn(stack);
});
afterAll(() => stack?.stop());

async function marketAnalysis() {
  const progress = await user.run();
  expect(progress.failure).toBeUndefined();
  expect(progress).toMatchObject({ status: "completed" });
  return (await user.report(progress)).reasoning.find(({ decision }) => decision === "Market Analysis");
}

/** Keys are fetched again once per 10 s (profile 5.2): after two restarts in that time the second key is found late. */
const RETRY = { timeout: 15_000, interval: 500 };

async function restart(name: string, env: Record<string, string> = {}): Promise<number> {
  await stack.kill(name);
  const since = stack.log().length;
  await stack.startAgain(name, env);
  return since;
}

describe("a service that is started again, with a new key of the old name", () => {
  test("everything is up", async () => {
    expect(await marketAnalysis()).toMatchObject({ agent: "market-analysis-agent" });
  });

  test("backend: its runs are gone, its new key is found at once", async () => {
    await restart("backend");
    expect(await (await user.get("/optimization/all")).json()).toEqual([]);
    expect(await marketAnalysis()).toMatchObject({ agent: "market-analysis-agent" });
  });

  test("auth-server: old sign-ins are refused, a new one goes through both hops", async () => {
    await restart("auth-server");
    const refused = await user.get("/auth/me");
    // Within the pause between two fetches of the keys nothing is known of the new one yet.
    if (refused.ok) expect(await refused.json()).toMatchObject({ username: "mcp-user" });
    else
      expect({ status: refused.status, body: await refused.json() }).toEqual({
        status: 401,
        body: { detail: "Invalid or expired token" },
      });
    user = await signInAgain(stack);
    expect(await marketAnalysis()).toMatchObject({ agent: "market-analysis-agent" });
  });

  test("supply-chain-agent, in another authorization scheme while the others run", async () => {
    const since = await restart("supply-chain-agent", { AAUTH_AUTHORIZATION_SCHEME: "signature-only" });
    // It lets a signature in now, but asks for a token of its own where the next hop wants one.
    await stack.kill("auth-server");
    expect(await marketAnalysis()).toMatchObject({
      agent: "supply-chain-agent",
      rationale: expect.stringMatching(
        /Hop: supply-chain-agent -> auth server. Code: (token_request|discovery)_failed/,
      ),
    });
    await expect
      .poll(() => stack.log().slice(since), LOG_WAIT)
      .toMatch(/supply-chain-agent +\| .*signature-only mode/);

    await stack.startAgain("auth-server");
    user = await signInAgain(stack);
    // The market-analysis agent has looked for new keys of this auth server a moment ago, and does so once in 10 s.
    await vi.waitFor(
      async () => expect(await marketAnalysis()).toMatchObject({ agent: "market-analysis-agent" }),
      RETRY,
    );
  });
});

test("supply-chain-agent, user delegated: the caller's token is exchanged for the next hop", async () => {
  const delegated = await startStack({ modes: { authorizationScheme: "user-delegated" }, processes: true });
  try {
    // Its verifiers have seen its first key.
    expect((await (await signIn(delegated)).run()).status).toBe("awaiting_consent");
    await delegated.kill("supply-chain-agent");
    await delegated.startAgain("supply-chain-agent");
    const since = delegated.log().length;
    const { custom_prompt } = WITH_MARKET_ANALYSIS;
    expect(await runWithConsent(delegated, custom_prompt)).toMatchObject({ status: "completed" });
    await expect
      .poll(() => delegated.log().slice(since), LOG_WAIT)
      .toMatch(/supply-chain-agent +\| .*Token exchange: upstream_auth_token=/);
  } finally {
    await delegated.stop();
  }
});
