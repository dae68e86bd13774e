import { february2026, february2026Resource, february2026Tokens } from "aauth/february-2026";
import { signedRequest } from "aauth/testing";
import Fastify from "fastify";
import { describe, expect, onTestFinished, test } from "vitest";
import { createTestParties } from "../../aauth/test/february-2026/parties.ts";
import { fastifyAAuth } from "../src/index.ts";

const parties = await createTestParties();
const { agent, resource, authServer, clock, discovery } = parties;
const FORM = "application/x-www-form-urlencoded";
const jwks = { scheme: "jwks", id: agent.id } as const;

async function ask(
  body: string,
  options: Partial<Parameters<typeof signedRequest>[0]> & { contentType?: string } = {},
) {
  const app = Fastify();
  onTestFinished(() => app.close());
  await app.register(fastifyAAuth, {
    profile: february2026Resource({ authServer: authServer.issuer }),
    key: resource.key,
    resource: resource.id,
    discovery,
    now: clock.now,
    scopes: ["supply-chain:optimize", "market-analysis:analyze"],
  });
  app.post("/", { config: { aauth: { level: "identified" } } }, ({ body }) => ({ body }));
  const { contentType = FORM, ...signing } = options;
  const request = await signedRequest({
    profile: february2026,
    url: `${resource.id}/resource/token`,
    key: agent.key,
    signatureKey: jwks,
    now: clock.now,
    headers: { "content-type": contentType },
    body,
    ...signing,
  });
  return app.inject({
    method: "POST",
    url: request.target,
    headers: request.headers,
    payload: Buffer.from(request.body ?? ""),
  });
}

test("an identified agent gets the resource token of a challenge", async () => {
  const reply = await ask("scope=supply-chain%3Aoptimize+market-analysis%3Aanalyze");
  expect([reply.statusCode, reply.headers["cache-control"]]).toEqual([200, "no-store"]);
  const { resource_token, ...rest } = reply.json();
  expect(rest).toEqual({ auth_server: authServer.issuer, expires_in: 300 });
  const claims = await february2026Tokens.verifyResourceToken(resource_token, {
    audience: authServer.issuer,
    agent: agent.id,
    agentJkt: agent.key.thumbprint,
    discovery,
    now: clock.now,
  });
  expect(claims).toMatchObject({ iss: resource.id, scope: "supply-chain:optimize market-analysis:analyze" });
});

test("one with an auth token gets one for itself, too", async () => {
  const jwt = await parties.issueAuthToken({ scope: "other" });
  const reply = await ask("scope=supply-chain:optimize", { signatureKey: { scheme: "jwt", jwt } });
  expect(reply.statusCode).toBe(200);
});

describe("is refused", () => {
  test("a signature of a pseudonymous caller", async () => {
    const pseudonymous = await ask("scope=supply-chain:optimize", { signatureKey: { scheme: "hwk" } });
    expect([pseudonymous.statusCode, pseudonymous.headers["agent-auth"]]).toEqual([
      401,
      "httpsig; identity=?1",
    ]);
    expect(pseudonymous.body).not.toContain("resource_token");
  });

  test.each([
    ["a scope that is not offered", "scope=supply-chain:approve", "invalid_scope"],
    ["one that is beside one that is", "scope=supply-chain:optimize+admin", "invalid_scope"],
    ["no scope", "", "invalid_request"],
    ["two scopes", "scope=supply-chain:optimize&scope=market-analysis:analyze", "invalid_request"],
    [
      "auth_request_url",
      "scope=supply-chain:optimize&auth_request_url=http://evil.localhost/x",
      "invalid_request",
    ],
  ])("%s", async (_name, body, error) => {
    const reply = await ask(body === "" ? "x=1" : body);
    expect([reply.statusCode, reply.json().error]).toEqual([400, error]);
  });

  test("a body that is not a form", async () => {
    const reply = await ask('{"scope":"supply-chain:optimize"}', { contentType: "application/json" });
    expect([reply.statusCode, reply.json().error]).toEqual([400, "invalid_request"]);
  });
});
