import { describe, expect, test } from "vitest";
import { SELF, type Stack, startStack } from "./stack.ts";

const SCHEMES = ["signature-only", "autonomous", "user-delegated"] as const;

const start = (scheme: (typeof SCHEMES)[number]) => startStack({ AAUTH_AUTHORIZATION_SCHEME: scheme });
const issue = (stack: Stack, options: Parameters<Stack["issueAuthToken"]>[0] = {}) =>
  stack.issueAuthToken({ audience: SELF, scope: "market-analysis:analyze", ...options });
const withToken = async (stack: Stack, options?: Parameters<Stack["issueAuthToken"]>[0]) =>
  stack.call({ signatureKey: { scheme: "jwt", jwt: await issue(stack, options) } });

describe("callers that are served", () => {
  test.each(["hwk", "jwks"] as const)("signature-only: a valid %s signature", async (scheme) => {
    const stack = await start("signature-only");
    const signatureKey = scheme === "hwk" ? { scheme } : { scheme, id: stack.agent.id };
    const reply = await stack.call({ signatureKey });
    expect(reply.statusCode).toBe(200);
    expect(reply.json().result.parts[0].text).toContain("# Market Analysis Report");
  });

  test.each(["autonomous", "user-delegated"] as const)("%s: an auth token with the scope", async (scheme) => {
    const stack = await start(scheme);
    const reply = await withToken(stack, scheme === "user-delegated" ? { subject: "alice" } : {});
    expect(reply.statusCode).toBe(200);
    expect(reply.json().result.parts[0].text).toContain("# Market Analysis Report");
  });

  test("the text of the request chooses the analysis: the February-2026 demo never saw it", async () => {
    const stack = await start("signature-only");
    const reply = await stack.call({ text: "a comprehensive report for the year" });
    expect(reply.json().result.parts[0].text).toContain("Comprehensive Market Analysis");
    expect(reply.json().result.parts[0].text).toContain("12 months");
  });

  test.each(["identified", "pseudonymous"])("autonomous with level %s: a jwks signature", async (level) => {
    const stack = await startStack({ MARKET_ANALYSIS_AUTONOMOUS_LEVEL: level });
    expect((await stack.call({})).statusCode).toBe(200);
  });
});

test("A5: in user-delegated a token without a user is refused without a challenge", async () => {
  const reply = await withToken(await start("user-delegated"));
  expect([reply.statusCode, reply.body]).toEqual([403, "user_required"]);
  expect(reply.headers).not.toHaveProperty("agent-auth");
});

describe("paths without a signature", () => {
  test.each(["/.well-known/agent-card.json", "/.well-known/agent.json"])("%s is a card", async (path) => {
    const { app } = await start("user-delegated");
    const reply = await app.inject(path);
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toMatchObject({
      name: "Market Analysis Agent",
      version: "1.0.0",
      protocolVersion: "0.3.0",
      url: "http://localhost:9998/",
      preferredTransport: "JSONRPC",
      capabilities: { streaming: false },
      security: [{ bearerAuth: ["market-analysis:analyze", "agents:delegate"] }],
    });
    expect(reply.json().skills.map(({ id }: { id: string }) => id)).toEqual([
      "inventory_demand_analysis",
      "market_trend_forecasting",
    ]);
  });
});
