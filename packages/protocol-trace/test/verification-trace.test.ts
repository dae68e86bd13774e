import { type Span, SpanStatusCode } from "@opentelemetry/api";
import type { VerificationReport } from "aauth";
import { february2026, february2026Resource } from "aauth/february-2026";
import { signedRequest } from "aauth/testing";
import { createLogger, createService } from "agent-kit/service";
import type { FastifyInstance } from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestParties } from "../../aauth/test/february-2026/parties.ts";
import { ATTRIBUTE as A, EVENT, recordVerified, traceMessages, verificationTrace } from "../src/index.ts";
import { type RecordedSpans, recordSpans } from "./support/recorded-spans.ts";

const parties = await createTestParties();
const { agent, resource, authServer, clock, discovery } = parties;

let spans: RecordedSpans;
let app: FastifyInstance;
beforeEach(async () => {
  spans = recordSpans();
  app = createService({ name: "resource", logger: createLogger({ service: "resource", level: "silent" }) });
  await app.register(async (scope) => {
    traceMessages(scope);
    await scope.register(fastifyAAuth, {
      profile: february2026Resource({ authServer: authServer.issuer }),
      key: resource.key,
      resource: resource.id,
      discovery,
      now: clock.now,
      observer: verificationTrace,
    });
    const requirement = { level: "authorized", scopes: ["data:read"] } as const;
    scope.post("/", { config: { aauth: requirement } }, async () => ({
      auth_token: "eyJhbGciOiJFZERTQSJ9.e30.c2ln",
    }));
  });
});
afterEach(async () => {
  await app.close();
  spans.stop();
});

/** Sends a signed request and returns its span. */
async function send(
  more: Partial<Parameters<typeof signedRequest>[0]> = {},
  change: (headers: Record<string, string>) => void = () => {},
) {
  const { method, headers, body } = await signedRequest({
    profile: february2026,
    url: `${resource.id}/`,
    body: "{}",
    key: agent.key,
    now: clock.now,
    signatureKey: { scheme: "jwks", id: agent.id },
    ...more,
  });
  change(headers);
  const sent = { ...headers, authorization: "Bearer x", cookie: "session=1" };
  await app.inject({ method: method as "POST", url: "/", headers: sent, payload: Buffer.from(body!) });
  return lastSpan();
}

function lastSpan() {
  const span = spans.finished().at(-1)!;
  const { attributes, status, events, name } = span;
  return { name, attributes, status: status.code, events: events.map((event) => event.name) };
}

test("an authorized request: who, with which key, for which scope, each check with its section", async () => {
  const jwt = await parties.issueAuthToken({ scope: "data:read", subject: "user-1" });
  const { name, attributes, status, events } = await send({ signatureKey: { scheme: "jwt", jwt } });
  expect(name).toBe("POST /");
  expect(status).toBe(SpanStatusCode.UNSET);
  expect(events).toEqual([EVENT.requestVerified, EVENT.authTokenVerified]);
  expect(attributes).toMatchObject({
    [A.role]: "verifier",
    [A.verdict]: "passed",
    [A.requiredLevel]: "authorized",
    [A.requiredScope]: "data:read",
    [A.verifiedScheme]: "jwt",
    [A.verifiedLabel]: "sig1",
    [A.verifiedThumbprint]: agent.key.thumbprint,
    [A.keySource]: "auth-token",
    [A.agentLevel]: "authorized",
    [A.agentId]: agent.id,
    [A.userSub]: "user-1",
    [A.requestBody]: "{}",
    [A.responseBody]: '{"auth_token":"eyJhbGciOiJF…"}',
  });
  const checks = JSON.parse(String(attributes[A.checks]));
  expect(checks).toContainEqual({ name: "signature", verdict: "passed", section: "profile 2.3" });
  for (const { section } of checks) expect(section).toMatch(/^profile [1-9]/);
  expect(attributes[A.verifiedBase]).toContain('"@authority": supply-chain-agent.localhost:3000');
  expect(JSON.parse(String(attributes[A.tokenReceived]))).toMatchObject({
    kind: "auth+jwt",
    claims: { sub: "user-1" },
  });
  const text = JSON.stringify(attributes);
  expect(text).not.toContain(jwt.slice(0, 20));
  expect(text).not.toMatch(/Bearer|session=1|[\w+/-]{80}/);
});

test("a challenge is not an error, and its resource token is decoded", async () => {
  const { attributes, status, events } = await send();
  expect(status).toBe(SpanStatusCode.UNSET);
  expect(events).toEqual([EVENT.requestVerified, EVENT.resourceTokenIssued]);
  expect(attributes).toMatchObject({
    [A.verdict]: "challenged",
    [A.errorCode]: "authorization_required",
    [A.agentLevel]: "identified",
    [A.agentId]: agent.id,
  });
  expect(JSON.parse(String(attributes[A.challenge]))).toMatchObject({
    status: 401,
    level: "authorized",
    auth_server: authServer.issuer,
    resource_token: { kind: "resource+jwt", claims: { scope: "data:read", agent: agent.id } },
  });
});

test("an unsigned request is asked for a signature", async () => {
  await app.inject({ method: "POST", url: "/", payload: {} });
  const { attributes, status } = lastSpan();
  expect(status).toBe(SpanStatusCode.UNSET);
  expect(attributes).toMatchObject({ [A.verdict]: "challenged", [A.errorCode]: "missing_signature" });
});

test.each([
  ["a stale signature", { now: () => clock.now() - 3600 }, {}, "created_out_of_window", "created"],
  ["a header changed after signing", {}, { "content-type": "text/plain" }, "invalid_signature", "signature"],
  ["half a signature", {}, { signature: "" }, "malformed_signature", "signature-input"],
] as const)(
  "%s is refused: an error, with the check that failed",
  async (_name, more, changed, code, check) => {
    const { attributes, status } = await send(more, (headers) => Object.assign(headers, changed));
    expect(status).toBe(SpanStatusCode.ERROR);
    expect(attributes).toMatchObject({ [A.verdict]: "refused", [A.errorCode]: code, [A.errorType]: code });
    const failed = JSON.parse(String(attributes[A.checks])).find(
      ({ verdict }: { verdict: string }) => verdict === "failed",
    );
    expect(failed).toMatchObject({ name: check, reason: expect.any(String) });
  },
);

test("draft -11: of several tokens in Signature-Key the one that has signed is shown", async () => {
  const token = (sub: string) =>
    [{ alg: "Ed25519", typ: "aa-person+jwt" }, { sub }, 0]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
  const attributes: Record<string, unknown> = {};
  const span = {
    isRecording: () => true,
    setAttributes: (more: object) => void Object.assign(attributes, more),
    setAttribute: () => {},
    addEvent: () => {},
  } as unknown as Span;
  const { key } = agent;
  const caller = { profile: "draft-11", level: "person-token", scheme: "jwt", key: key.publicJwk };
  const headers = { "signature-key": `sig=jwt;jwt="${token("anna")}", own=jwt;jwt="${token("bert")}"` };
  const report = { profile: "draft-11", label: "own", checks: [] } as unknown as VerificationReport;
  recordVerified({ caller: { ...caller, thumbprint: key.thumbprint }, report }, { headers }, span);
  expect(JSON.parse(String(attributes[A.tokenReceived])).claims).toEqual({ sub: "bert" });
});
