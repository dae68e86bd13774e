import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, ForeignAgent, readToken, send } from "../support/foreign-agent.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";

/** A2A 0.3, `message/send`. */
const QUESTION = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "message/send",
  params: {
    message: {
      kind: "message",
      messageId: "question-1",
      role: "user",
      parts: [{ kind: "text", text: "optimize laptop supply chain and perform market analysis" }],
    },
  },
});
const JWKS = { scheme: "jwks" } as const;
const HWK = { scheme: "hwk" } as const;

let stack: TestStack;
let agent: ForeignAgent;
let question: { method: string; url: string; headers: Record<string, string>; body: string };

beforeAll(async () => {
  [stack, agent] = await Promise.all([
    startStack({ processes: ["supply-chain-agent"] }),
    ForeignAgent.start(),
  ]);
  question = {
    method: "POST",
    url: `${stack.urls.supplyChainAgent}/`,
    headers: { "content-type": "application/json" },
    body: QUESTION,
  };
});
afterAll(() => Promise.all([stack?.stop(), agent?.stop()]));

async function supplyChainAgentIn(scheme: string, more: Record<string, string> = {}): Promise<void> {
  await stack.kill("supply-chain-agent");
  await stack.startAgain("supply-chain-agent", { AAUTH_AUTHORIZATION_SCHEME: scheme, ...more });
}

function reportIn(answer: Answer): string {
  expect(answer).toMatchObject({ status: 200 });
  const { result } = JSON.parse(answer.text) as { result: { parts: { kind: string; text: string }[] } };
  return result.parts.map(({ text }) => text).join("\n");
}

function challengedFor(answer: Answer): string {
  expect(answer).toMatchObject({ status: 401, text: "Authorization required" });
  const { supplyChainAgent: resource, issuer: authServer } = stack.urls;
  return agent.resourceTokenOf(answer, { resource, authServer });
}

describe("an agent written from docs/february-2026/profile.md alone, calling through the gateway", () => {
  test("the documents it needs are published unsigned", async () => {
    const { issuer, supplyChainAgent } = stack.urls;
    const resource = JSON.parse((await send({ url: `${supplyChainAgent}/.well-known/aauth-resource` })).text);
    expect(resource).toMatchObject({
      resource: supplyChainAgent,
      supported_scopes: ["supply-chain:optimize"],
    });
    const authServer = JSON.parse((await send({ url: `${issuer}/.well-known/aauth-issuer` })).text);
    expect(authServer).toMatchObject({
      issuer,
      agent_token_endpoint: `${issuer}/protocol/aauth/agent/token`,
      agent_auth_endpoint: `${issuer}/protocol/aauth/agent/auth`,
    });
  });

  test("autonomous: challenge, token, the same request again", async () => {
    const challenge = await agent.call(question, JWKS);
    const granted = await agent.askAuthServer(stack.urls.issuer, {
      request_type: "auth",
      resource_token: challengedFor(challenge),
    });
    expect(granted.headers["cache-control"]).toBe("no-store");
    const grant = JSON.parse(granted.text);
    expect(grant).toEqual({ auth_token: expect.any(String), expires_in: 300, token_type: "AAuth" });
    expect(readToken(grant.auth_token)).toMatchObject({
      header: { alg: "RS256", typ: "auth+jwt" },
      claims: {
        iss: stack.urls.issuer,
        aud: stack.urls.supplyChainAgent,
        agent: agent.id,
        cnf: { jwk: { kty: "OKP", crv: "Ed25519", x: agent.x } },
        scope: "supply-chain:optimize",
      },
    });

    const report = reportIn(await agent.call(question, { scheme: "jwt", jwt: grant.auth_token }));
    expect(report).toContain("# Supply Chain Optimization Analysis");
    expect(report).not.toContain("No market analysis provided");
    // The token is valid until it expires.
    reportIn(await agent.call(question, { scheme: "jwt", jwt: grant.auth_token }));
  });

  test("signature only: its published identity is enough", async () => {
    await supplyChainAgentIn("signature-only");
    expect(reportIn(await agent.call(question, JWKS))).toContain("# Supply Chain Optimization Analysis");
  });

  test("signature only: by key alone the agent itself serves it, but not a gateway whose route requires jwks", async () => {
    expect(await agent.call(question, HWK)).toMatchObject({
      status: 401,
      headers: { "agent-auth": "httpsig; identity=?1" },
    });
    // The agent has one public name, whatever its socket.
    const { host } = new URL(stack.urls.supplyChainAgent);
    const direct = { ...question, url: `http://localhost:${stack.ports.supplyChainAgent}/` };
    expect(reportIn(await agent.call(direct, HWK, { authority: host }))).toContain("# Supply Chain");
  });

  test("user delegated: a scope that needs consent yields a request token for the browser", async () => {
    await supplyChainAgentIn("user-delegated", { AAUTH_RESOURCE_ADDITIONAL_SCOPES: "openid" });
    const back = { redirect_uri: `${agent.id}/back`, state: "mine" };
    const resource_token = challengedFor(await agent.call(question, JWKS));
    const form = { request_type: "auth", resource_token, ...back };
    const granted = JSON.parse((await agent.askAuthServer(stack.urls.issuer, form)).text);
    expect(granted).toEqual({ request_token: expect.any(String), expires_in: 600, token_type: "AAuth" });
    const { request_token } = granted as { request_token: string };
    const query = new URLSearchParams({ request_token, ...back });
    const page = await send({ url: `${stack.urls.issuer}/protocol/aauth/agent/auth?${query}` });
    expect(page.status).toBeLessThan(400);
  });

  test("its metadata server is only ever asked for its two documents", () => {
    expect(new Set(agent.asked)).toEqual(new Set(["GET /.well-known/aauth-agent", "GET /jwks.json"]));
  });
});
