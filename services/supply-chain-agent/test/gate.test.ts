import { decodeToken } from "aauth";
import { february2026, parseAgentAuth } from "aauth/february-2026";
import { signedRequest } from "aauth/testing";
import { describe, expect, test } from "vitest";
import { inject, SELF, type Stack, startStack } from "./stack.ts";

const SCHEMES = ["signature-only", "autonomous", "user-delegated"] as const;
const WITH_TOKENS = ["autonomous", "user-delegated"] as const;

const start = (scheme: (typeof SCHEMES)[number]) => startStack({ AAUTH_AUTHORIZATION_SCHEME: scheme });
const withToken = async (stack: Stack, options?: Parameters<Stack["issueAuthToken"]>[0]) =>
  stack.call({ signatureKey: { scheme: "jwt", jwt: await stack.issueAuthToken(options) } });
const resourceTokenOf = (reply: { headers: Record<string, unknown> }) =>
  decodeToken(parseAgentAuth(String(reply.headers["agent-auth"])).resourceToken ?? "").claims;

describe("callers that are served", () => {
  test.each(["hwk", "jwks"] as const)("signature-only: a valid %s signature", async (scheme) => {
    const stack = await start("signature-only");
    const signatureKey = scheme === "hwk" ? { scheme } : { scheme, id: stack.agent.id };
    const reply = await stack.call({ signatureKey });
    expect(reply.statusCode).toBe(200);
    expect(reply.json().result.parts[0].text).toContain("# Supply Chain Optimization Analysis");
  });

  test.each(WITH_TOKENS)("%s: an auth token with the scope", async (scheme) => {
    const stack = await start(scheme);
    const reply = await withToken(stack, scheme === "user-delegated" ? { subject: "alice" } : {});
    expect(reply.statusCode).toBe(200);
    expect(reply.json().result.parts[0].text).toContain("# Supply Chain Optimization Analysis");
  });
});

test("A5: in user-delegated a token without a user is refused without a challenge", async () => {
  const reply = await withToken(await start("user-delegated"));
  expect([reply.statusCode, reply.body]).toEqual([403, "user_required"]);
  expect(reply.headers).not.toHaveProperty("agent-auth");
});

describe("the challenge", () => {
  test.each(WITH_TOKENS)("%s: a jwks caller gets a resource token for itself", async (scheme) => {
    const stack = await start(scheme);
    const reply = await stack.call({});
    expect(reply.statusCode).toBe(401);
    expect(reply.body).toBe("Authorization required");
    expect(resourceTokenOf(reply)).toEqual({
      iss: SELF,
      aud: stack.authServer.issuer,
      agent: stack.agent.id,
      agent_jkt: stack.agent.key.thumbprint,
      exp: stack.clock.now() + 300,
      scope: "supply-chain:optimize",
    });
  });

  test("additional scopes are asked for in user-delegated only", async () => {
    const env = { AAUTH_RESOURCE_ADDITIONAL_SCOPES: "market-analysis:analyze" };
    const scopeIn = async (scheme: string) => {
      const stack = await startStack({ ...env, AAUTH_AUTHORIZATION_SCHEME: scheme });
      return resourceTokenOf(await stack.call({})).scope;
    };
    expect(await scopeIn("user-delegated")).toBe("supply-chain:optimize market-analysis:analyze");
    expect(await scopeIn("autonomous")).toBe("supply-chain:optimize");
  });

  test("a caller that is not on the list of trusted agents is refused", async () => {
    const stack = await startStack({ SUPPLY_CHAIN_TRUSTED_AGENTS: "http://somebody.localhost:1" });
    const reply = await stack.call({});
    expect([reply.statusCode, reply.body]).toEqual([403, "untrusted_agent"]);
    expect(reply.headers).not.toHaveProperty("agent-auth");
    expect(stack.discovery.requests).toEqual([]);
  });
});

describe("holes of the February-2026 demo", () => {
  test("D5: every additional scope is demanded in user-delegated", async () => {
    const stack = await startStack({
      AAUTH_AUTHORIZATION_SCHEME: "user-delegated",
      AAUTH_RESOURCE_ADDITIONAL_SCOPES: "market-analysis:analyze",
    });
    const subject = "alice";
    expect((await withToken(stack, { subject })).statusCode).toBe(403);
    const scope = "market-analysis:analyze supply-chain:optimize";
    expect((await withToken(stack, { scope, subject })).statusCode).toBe(200);
  });

  test("D14: tokens and signatures do not reach the log", async () => {
    const stack = await start("autonomous");
    const jwt = await stack.issueAuthToken();
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
    for (const secret of [jwt, jwt.split(".")[2] ?? "none", resourceToken, signedPart]) {
      expect(stack.log()).not.toContain(secret);
    }
  });
});

describe("paths without a signature", () => {
  test.each(["/.well-known/agent-card.json", "/.well-known/agent.json"])("%s is a card", async (path) => {
    const { app } = await start("user-delegated");
    const reply = await app.inject(path);
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toMatchObject({
      name: "Supply Chain Optimizer Agent",
      version: "1.0.0",
      protocolVersion: "0.3.0",
      url: "http://localhost:9999/",
      preferredTransport: "JSONRPC",
      capabilities: { streaming: false },
      security: [{ bearerAuth: ["supply-chain:optimize", "agents:delegate"] }],
    });
    expect(reply.json().skills.map(({ id }: { id: string }) => id)).toEqual(["supply_chain_optimization"]);
  });

  test("identity, resource and keys name each other", async () => {
    const { app } = await startStack({ AAUTH_RESOURCE_ADDITIONAL_SCOPES: "market-analysis:analyze,other" });
    expect((await app.inject("/.well-known/aauth-agent")).json()).toMatchObject({
      agent: SELF,
      jwks_uri: `${SELF}/jwks.json`,
    });
    expect((await app.inject("/.well-known/aauth-resource")).json()).toEqual({
      resource: SELF,
      jwks_uri: `${SELF}/jwks.json`,
      resource_token_endpoint: `${SELF}/resource/token`,
      supported_scopes: ["supply-chain:optimize", "market-analysis:analyze", "other"],
      scope_descriptions: {
        "supply-chain:optimize": expect.any(String),
        "market-analysis:analyze": expect.any(String),
      },
    });
    expect((await app.inject("/jwks.json")).json()).toEqual({
      keys: [{ kty: "OKP", crv: "Ed25519", x: expect.any(String), kid: "supply-chain-agent-ephemeral-1" }],
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
    const { app, agent, clock } = await start("signature-only");
    const request = await signedRequest({
      profile: february2026,
      url: `${SELF}${target}`,
      key: agent.key,
      signatureKey: { scheme: "jwks", id: agent.id },
      now: clock.now,
    });
    const reply = await inject(app, request);
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toMatchObject({ version: "1.0.1", url: `${SELF}/` });
    expect(reply.json().skills).toHaveLength(2);
  });
});
