import { february2026Published } from "aauth";
import { testKey } from "aauth/testing";
import { parseAgentAuth } from "aauth/wire";
import { describe, expect, test } from "vitest";
import { inject, messageSend, SELF, type Stack, startStack } from "./stack.ts";

const SCHEMES = ["signature-only", "autonomous", "user-delegated"] as const;
const attackerKey = await testKey("B", "backend-ephemeral-1");

const start = (scheme: (typeof SCHEMES)[number]) => startStack({ AAUTH_AUTHORIZATION_SCHEME: scheme });
const issue = (stack: Stack, options: Parameters<Stack["issueAuthToken"]>[0] = {}) =>
  stack.issueAuthToken({ audience: SELF, scope: "market-analysis:analyze", ...options });
const withToken = async (stack: Stack, options?: Parameters<Stack["issueAuthToken"]>[0]) =>
  stack.call({ signatureKey: { scheme: "jwt", jwt: await issue(stack, options) } });

describe("who is served", () => {
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

test("A5: in user-delegated a token without a user is refused, and nothing is challenged", async () => {
  const reply = await withToken(await start("user-delegated"));
  expect([reply.statusCode, reply.body]).toEqual([403, "user_required"]);
  expect(reply.headers).not.toHaveProperty("agent-auth");
});

describe("the challenge", () => {
  test.each(["autonomous", "user-delegated"] as const)(
    "%s: a jwks caller gets a resource token",
    async (scheme) => {
      const stack = await start(scheme);
      const reply = await stack.call({});
      expect(reply.statusCode).toBe(401);
      expect(reply.body).toBe("Authorization required");
      expect(parseAgentAuth(String(reply.headers["agent-auth"]))).toMatchObject({
        level: "authorized",
        authServer: stack.authServer.issuer,
        resourceToken: expect.any(String),
      });
    },
  );

  test("a caller that is not on the list of trusted agents is refused", async () => {
    const stack = await startStack({ MARKET_ANALYSIS_TRUSTED_AGENTS: "http://somebody.localhost:1" });
    const reply = await stack.call({});
    expect([reply.statusCode, reply.body]).toEqual([403, "untrusted_agent"]);
    expect(reply.headers).not.toHaveProperty("agent-auth");
    expect(stack.discovery.requests).toEqual([]);
  });
});

describe("holes of the February-2026 demo", () => {
  test.each(SCHEMES)(
    "D6 %s: a token of any issuer named /realms/ is refused, and nothing is fetched",
    async (scheme) => {
      const stack = await start(scheme);
      const reply = await withToken(stack, { issuer: "http://evil.localhost:9/realms/aauth-test" });
      expect(reply.statusCode).toBe(401);
      expect(stack.discovery.requests).toEqual([]);
    },
  );

  test.each(["http://10.0.0.1", "http://evil.example", "http://169.254.169.254"])(
    "D8: the agent id %s is not fetched",
    async (id) => {
      const stack = await start("signature-only");
      const reply = await stack.call({ signatureKey: { scheme: "jwks", id } });
      expect(reply.statusCode).toBe(401);
      expect(stack.discovery.requests).toEqual([]);
    },
  );

  test.each(SCHEMES)("D9 %s: a request without signature is refused", async (scheme) => {
    const { app } = await start(scheme);
    const headers = { "content-type": "application/json" };
    const payload = Buffer.from(messageSend("inventory"));
    const reply = await inject(app, { method: "POST", target: "/", headers, body: payload });
    expect(reply.statusCode).toBe(401);
    expect(reply.headers["agent-auth"]).toBe("httpsig");
    expect(reply.body).not.toContain("Market Analysis Report");
  });

  describe.each(SCHEMES)("D10 %s: a valid signature does not heal a bad token:", (scheme) => {
    test("wrong audience", async () => {
      const stack = await start(scheme);
      expect((await withToken(stack, { audience: stack.resource.id })).statusCode).toBe(401);
    });

    test("expired", async () => {
      const stack = await start(scheme);
      const jwt = await issue(stack);
      stack.clock.advance(301);
      expect((await stack.call({ signatureKey: { scheme: "jwt", jwt } })).statusCode).toBe(401);
    });

    test("issued by the caller itself", async () => {
      const stack = await start(scheme);
      expect((await withToken(stack, { issuer: stack.agent.id })).statusCode).toBe(401);
    });

    test("bound to another key", async () => {
      const stack = await start(scheme);
      expect((await withToken(stack, { confirmationKey: attackerKey.publicJwk })).statusCode).toBe(401);
    });
  });

  test.each(SCHEMES)("D11 %s: an invalid signature is refused, and not challenged", async (scheme) => {
    const stack = await start(scheme);
    const reply = await stack.call({ key: attackerKey });
    expect(reply.statusCode).toBe(401);
    expect(reply.headers["agent-auth"]).toBe("httpsig");
    expect(stack.log()).toContain("AAuth signature verification failed");
  });

  test.each(["autonomous", "user-delegated"] as const)(
    "D12 %s: a caller known only by its key is asked who it is",
    async (scheme) => {
      const stack = await start(scheme);
      const reply = await stack.call({ signatureKey: { scheme: "hwk" } });
      expect(reply.statusCode).toBe(401);
      expect(reply.headers["agent-auth"]).toBe('httpsig; identity=?1; algs=("ed25519")');
    },
  );

  test("D13: another body under the same signature is refused", async () => {
    const stack = await start("signature-only");
    const body = new TextEncoder().encode(messageSend("comprehensive"));
    const reply = await stack.call({
      change: ({ headers }) => ({ body, headers: { ...headers, "content-length": String(body.length) } }),
    });
    expect(reply.statusCode).toBe(401);
  });

  test("D13: a signature that leaves the body out is refused", async () => {
    const stack = await start("signature-only");
    expect((await stack.call({ profile: february2026Published })).statusCode).toBe(401);
  });

  test("D14: neither tokens nor signatures reach the log", async () => {
    const stack = await start("autonomous");
    const jwt = await issue(stack);
    let signature = "";
    const good = await stack.call({
      signatureKey: { scheme: "jwt", jwt },
      change: ({ headers }) => {
        signature = headers.signature ?? "";
        return {};
      },
    });
    const challenged = await stack.call({});
    expect([good.statusCode, challenged.statusCode]).toEqual([200, 401]);
    const { resourceToken = "none" } = parseAgentAuth(String(challenged.headers["agent-auth"]));
    const [signedPart = "none"] = signature.split(":").slice(1);
    expect(stack.log()).toContain("Auth token verified successfully");
    expect(stack.log()).toContain("Issuing resource_token");
    for (const secret of [jwt, jwt.split(".")[2] ?? "none", resourceToken, signedPart]) {
      expect(stack.log()).not.toContain(secret);
    }
  });
});

test("the same signed request does not pass twice", async () => {
  const stack = await start("signature-only");
  let first: Parameters<typeof inject>[1] | undefined;
  const reply = await stack.call({
    change: (request) => {
      first = request;
      return {};
    },
  });
  expect(reply.statusCode).toBe(200);
  expect((await inject(stack.app, first as NonNullable<typeof first>)).statusCode).toBe(401);
});

describe("what needs no signature", () => {
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

  test("identity, resource and keys name each other", async () => {
    const { app } = await start("autonomous");
    expect((await app.inject("/.well-known/aauth-agent")).json()).toMatchObject({
      agent: SELF,
      jwks_uri: `${SELF}/jwks.json`,
    });
    expect((await app.inject("/.well-known/aauth-resource")).json()).toMatchObject({
      resource: SELF,
      jwks_uri: `${SELF}/jwks.json`,
      supported_scopes: ["market-analysis:analyze"],
      scope_descriptions: { "market-analysis:analyze": expect.any(String) },
    });
    expect((await app.inject("/jwks.json")).json()).toEqual({
      keys: [{ kty: "OKP", crv: "Ed25519", x: expect.any(String), kid: "market-analysis-agent-ephemeral-1" }],
    });
  });

  test("health", async () => {
    const { app } = await start("autonomous");
    expect((await app.inject("/health")).json()).toEqual({
      status: "healthy",
      service: "market-analysis-agent",
    });
  });
});

describe("the extended card", () => {
  const target = "/agent/authenticatedExtendedCard";

  test("is refused without a signature", async () => {
    const { app } = await start("signature-only");
    expect((await app.inject(target)).statusCode).toBe(401);
  });

  test("is served to a caller that may call the agent", async () => {
    const stack = await start("signature-only");
    const { signedRequest } = await import("aauth/testing");
    const { agent, clock } = stack;
    const request = await signedRequest({
      url: `${SELF}${target}`,
      key: agent.key,
      signatureKey: { scheme: "jwks", id: agent.id },
      now: clock.now,
    });
    const reply = await inject(stack.app, request);
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toMatchObject({ url: `${SELF}/`, skills: { length: 3 } });
  });
});
