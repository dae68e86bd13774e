import { SpanStatusCode } from "@opentelemetry/api";
import { february2026 } from "aauth/february-2026";
import { createVerifier } from "aauth/resource";
import { signedRequest } from "aauth/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestParties } from "../../aauth/test/february-2026/parties.ts";
import { ATTRIBUTE as A, createServerTrace, verificationTrace } from "../src/index.ts";
import { type RecordedSpans, recordSpans } from "./support/recorded-spans.ts";

/** Header and claims of a person token, without a valid signature. */
const TOKEN = [
  { alg: "Ed25519", typ: "aa-person+jwt" },
  { iss: "https://ps.example", jti: "1" },
]
  .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
  .join(".")
  .concat(".c2ln");

let spans: RecordedSpans;
beforeEach(() => {
  spans = recordSpans();
});
afterEach(() => spans.stop());

const answer = (status: number, body: object, headers: Record<string, string> = {}) =>
  spans.within(async () =>
    createServerTrace("person-server").recordAnswer({ status, headers, body: JSON.stringify(body) }),
  );

test("an answer names the party, and the token in it without its signature", async () => {
  const { attributes } = await answer(200, { person_token: TOKEN, expires_in: 1 });
  expect(attributes[A.party]).toBe("person-server");
  expect(JSON.parse(String(attributes[A.tokenIssued]))).toMatchObject({
    kind: "aa-person+jwt",
    claims: { iss: "https://ps.example" },
  });
  expect(JSON.stringify(attributes)).not.toContain("c2ln");
});

test("an error is written down, unless the verifier has done so", async () => {
  const refused = await answer(400, { error: "invalid_resource_token", detail: "why" });
  expect(refused.attributes[A.errorCode]).toBe("invalid_resource_token");
  expect(refused.status).toEqual({ code: SpanStatusCode.ERROR, message: "why" });
  const headers = { "signature-error": "error=invalid_jwt" };
  expect((await answer(401, { error: "invalid_jwt" }, headers)).attributes[A.errorCode]).toBeUndefined();
});

test("a request that it signs names the party and the tokens in its body", async () => {
  const { transport, observer } = createServerTrace("person-server", async () => Response.json({}));
  const url = "https://as.example/token";
  const body = new TextEncoder().encode(JSON.stringify({ agent_token: TOKEN, other: "x" }));
  await spans.within(async () => {
    observer({
      type: "request_signed",
      profile: "draft-11",
      purpose: "token",
      url,
      method: "POST",
      scheme: "jwks_uri",
      coveredComponents: [],
      signatureBase: "",
      created: 1,
      kid: "k",
      thumbprint: "t",
      attempt: 1,
    });
    await (await transport(url, { method: "POST", headers: {}, body })).text();
  });
  const { name, attributes } = spans.finished()[0]!;
  expect(name).toBe("POST token request, signed with jwks_uri");
  expect(attributes).toMatchObject({ [A.party]: "person-server", [A.signatureScheme]: "jwks_uri" });
  expect(JSON.parse(String(attributes[A.tokensInBody]))).toEqual({
    agent_token: expect.objectContaining({ kind: "aa-person+jwt" }),
  });
});

test("tokens that are too long together are named alone", async () => {
  const { transport, observer } = createServerTrace("person-server", async () => Response.json({}));
  const long = [{ typ: "aa-auth+jwt" }, { note: "x".repeat(5_000) }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".")
    .concat(".c2ln");
  const body = new TextEncoder().encode(JSON.stringify({ resource_token: long, presented_token: long }));
  await spans.within(async () => {
    observer({
      type: "request_signed",
      profile: "draft-11",
      purpose: "token",
      url: "",
      method: "POST",
      scheme: "jwt",
      coveredComponents: [],
      signatureBase: "",
      created: 1,
      kid: "k",
      thumbprint: "t",
      attempt: 1,
    });
    await (await transport("https://ps.example/token", { method: "POST", headers: {}, body })).text();
  });
  const tokens = JSON.parse(String(spans.finished()[0]!.attributes[A.tokensInBody]));
  expect(Object.keys(tokens)).toEqual(["resource_token", "presented_token"]);
  expect(tokens.resource_token).not.toHaveProperty("claims");
});

test("an endpoint that verifies by itself writes down what its verifier decides", async () => {
  const { agent, clock, discovery, resource } = await createTestParties();
  const authority = new URL(resource.id).host;
  const verifier = createVerifier({
    profile: february2026,
    authorities: [authority],
    discovery,
    now: clock.now,
    observer: verificationTrace,
  });
  const { method, headers } = await signedRequest({
    profile: february2026,
    url: `${resource.id}/pending`,
    method: "GET",
    key: agent.key,
    now: clock.now,
    signatureKey: { scheme: "jwks", id: agent.id },
  });
  const request = { method, target: "/pending", headers, body: undefined };
  const passed = await spans.within(() => verifier.verifyRequest(request));
  expect(passed.attributes).toMatchObject({ [A.verdict]: "passed", [A.agentId]: agent.id });
  const unsigned = { ...request, headers: {} };
  const refused = await spans.within(() => expect(verifier.verifyRequest(unsigned)).rejects.toThrow());
  expect(refused.attributes).toMatchObject({ [A.verdict]: "refused", [A.errorCode]: "missing_signature" });
});
