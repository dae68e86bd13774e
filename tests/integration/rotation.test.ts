import { installLocalhostLookup } from "agent-kit/service";
import type { Progress } from "backend-api";
import { afterEach, describe, expect, test } from "vitest";
import { MCP_USER } from "../../services/auth-server/test/support/sign-in.ts";
import { runWithConsent } from "../support/consent-run.ts";
import { type ApiUser, signIn, WITH_MARKET_ANALYSIS } from "../support/optimization-run.ts";
import { decide, startOrder, visit } from "../support/order-run.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

installLocalhostLookup();

/**
 * Every party makes a new key every two seconds, including the auth server; each signs 12 s after
 * its publication. Auth tokens live 4 s.
 */
const ROTATING = { AGENT_KEY_ROTATION_SECONDS: "2" };
/** Long enough for several keys of each party to start signing. */
const STREAM_MS = 17_000;

/** Two concurrent runs, repeatedly; reports how far each came. */
async function streamOfRuns(user: ApiUser): Promise<string[]> {
  const outcomeOf = async (progress: Progress) => {
    if (progress.status !== "completed") return JSON.stringify(progress.failure ?? progress.status);
    const { reasoning } = await user.report(progress);
    const market = reasoning.find(({ decision }) => decision === "Market Analysis");
    return market?.agent === "market-analysis-agent" ? "both hops" : String(market?.rationale);
  };
  const end = Date.now() + STREAM_MS;
  const outcomes: string[] = [];
  while (Date.now() < end) {
    const together = await Promise.all([user.run(), user.run()]);
    outcomes.push(...(await Promise.all(together.map(outcomeOf))));
  }
  return outcomes;
}

async function expectRotated(rotating: TestStack): Promise<void> {
  for (const [party, count] of Object.entries(await publishedKeys(rotating))) {
    expect([party, count]).toEqual([party, expect.toSatisfy((value: number) => value > 4)]);
  }
}

let stack: TestStack | undefined;
afterEach(async () => {
  await stack?.stop();
  stack = undefined;
});

function startRotating(options: Parameters<typeof startStack>[0] = {}): Promise<TestStack> {
  const { env = {}, ...rest } = options;
  return startStack({
    ...rest,
    env: {
      ...env,
      backend: { ...ROTATING, ...("backend" in env && env.backend) },
      "supply-chain-agent": ROTATING,
      "market-analysis-agent": ROTATING,
      "auth-server": { AUTH_SERVER_KEY_ROTATION_SECONDS: "2", AUTH_SERVER_AUTH_TOKEN_SECONDS: "4" },
    },
  });
}

/** Number of keys in each party's current key set. */
async function publishedKeys({ urls }: TestStack): Promise<Record<string, number>> {
  const sets = {
    backend: `${urls.backend}/jwks.json`,
    "supply-chain-agent": `${urls.supplyChainAgent}/jwks.json`,
    "market-analysis-agent": `${urls.marketAnalysisAgent}/jwks.json`,
    "auth-server": `${urls.issuer}/protocol/aauth/certs`,
  };
  const counts = Object.entries(sets).map(async ([party, url]) => {
    const { keys } = (await (await fetch(url)).json()) as { keys: unknown[] };
    return [party, keys.length] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

describe("while every party rotates its keys", () => {
  test("runs through both hops succeed on short-lived tokens, and an order is placed with an approval given to an earlier key", async () => {
    stack = await startRotating();
    const order = await startOrder(stack);
    expect(order.waiting.status).toBe("interaction_required");
    const question = await visit(order);
    const outcomes = await streamOfRuns(await signIn(stack));
    expect(new Set(outcomes)).toEqual(new Set(["both hops"]));
    expect(outcomes.length).toBeGreaterThan(10);
    await expectRotated(stack);
    await decide(order, question, "approve");
    expect(await order.state()).toMatchObject({ status: "placed", approved_by: { sub: MCP_USER.id } });
  }, 90_000);

  test("one consent is enough for runs whose auth tokens expire meanwhile, until it is revoked", async () => {
    stack = await startRotating({
      modes: { authorizationScheme: "user-delegated" },
      env: { backend: { AAUTH_AUTH_TOKEN_CACHE_TTL: "3600" } },
    });
    const first = await runWithConsent(stack, WITH_MARKET_ANALYSIS.custom_prompt);
    expect(first).toMatchObject({ status: "completed", consent: { revocable: true } });
    const user = await signIn(stack);
    const since = stack.log().length;
    const outcomes = await streamOfRuns(user);
    expect(new Set(outcomes)).toEqual(new Set(["both hops"]));
    await expectRotated(stack);

    const log = stack.log().slice(since);
    expect(log).toMatch(/Received auth_token from auth server \(refresh\)/);
    expect(log).toMatch(/Received auth_token from auth server \(exchange\)/);
    expect(log).not.toMatch(/Received request_token/);
    // User and consent are unchanged at the end.
    const last = await user.run();
    expect(last.consent).toMatchObject({ granted_at: first.consent?.granted_at, revocable: true });
    const received = log.split("\n").filter((line) => line.includes("Received auth_token in request"));
    expect(received.length).toBeGreaterThan(10);
    expect(received.filter((line) => !line.includes(`"sub":"${MCP_USER.id}"`))).toEqual([]);

    const headers = { authorization: `Bearer ${await userAccessToken(stack.urls)}` };
    const revoked = await fetch(`${stack.urls.backend}/optimization/consent`, { method: "DELETE", headers });
    expect(revoked.status).toBe(200);
    expect(await user.run()).toMatchObject({ status: "awaiting_consent" });
  }, 90_000);
});
