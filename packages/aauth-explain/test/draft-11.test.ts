/** Messages of draft -11, recognized by their form and judged by its rules. */

import { draft11 } from "aauth";
import { issueResourceToken } from "aauth/server";
import { signedRequest, type TestRequest } from "aauth/testing";
import { describe, expect, test } from "vitest";
import {
  agentToken,
  authToken,
  discoveryOf,
  keys,
  now,
  PERSON_SERVER,
  personToken,
  RESOURCE,
  requestOf,
  signBadly,
  verifierOf,
} from "../../aauth/test/draft-11/kit.ts";
import { explainMessage, independentSignatureBase } from "../src/index.ts";

const PROFILES = [draft11] as const;

const url = `${RESOURCE}/data`;
const VERIFIER = {
  profiles: PROFILES,
  discovery: discoveryOf(),
  now,
  audience: RESOURCE,
  issuers: [PERSON_SERVER, "https://as.example"],
};
const explain = (
  request: Pick<TestRequest, "method" | "headers" | "body">,
  more: Partial<Parameters<typeof explainMessage>[0]> = {},
  options: Partial<Parameters<typeof explainMessage>[1]> = {},
) => explainMessage({ ...request, url, ...more }, { ...VERIFIER, ...options });
const jwt = (token: string) => ({ scheme: "jwt", jwt: token }) as const;
const tokens = ({ tokens: all }: Awaited<ReturnType<typeof explainMessage>>) =>
  all.map(({ where, header, section }) => [where, header?.typ, section]);

async function resourceToken(presented: string): Promise<string> {
  const { caller } = await verifierOf().verifyRequest(await requestOf({ signatureKey: jwt(presented) }), {
    level: "person-token",
  });
  return (await issueResourceToken({ key: keys.resource, issuer: RESOURCE, caller, scope: "data.read", now }))
    .token;
}

describe("an accepted message", () => {
  test.each([
    ["agent", "aa-agent+jwt", "draft -11, section 5.3", agentToken],
    ["person", "aa-person+jwt", "draft -11, section 7.1", personToken],
    ["auth", "aa-auth+jwt", "draft -11, section 9.4", authToken],
  ] as const)(
    "with %s token: recognized by its form, and both implementations agree",
    async (_kind, typ, section, issue) => {
      const request = await requestOf({ signatureKey: jwt(await issue()), body: '{"a":1}' });
      const explanation = await explain(request);
      expect(explanation).toMatchObject({
        profile: "draft-11",
        verdict: "accepted",
        secondOpinion: { verifies: true },
        signatureBase: { agree: true },
      });
      expect(explanation.checks.map((check) => [check.name, check.section])).toEqual(
        draft11.verification.checks.map((check) => [check.name, check.section]),
      );
      expect(tokens(explanation)).toEqual([["signature-key", typ, section]]);
      expect(independentSignatureBase({ ...request, url }, PROFILES)).toBe(explanation.signatureBase.ours);
      expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
    },
  );

  test("of a server in its own name", async () => {
    const request = await signedRequest({
      profile: draft11,
      url,
      key: keys.person,
      now,
      endpoint: "revocation",
      body: '{"jti":"1"}',
      signatureKey: { scheme: "jwks_uri", id: PERSON_SERVER, document: "aauth-person.json" },
    });
    const explanation = await explain(request, {}, { endpoint: "revocation" });
    expect(explanation).toMatchObject({
      verdict: "accepted",
      caller: { server: PERSON_SERVER },
      tokens: [],
      signatureBase: { agree: true },
      secondOpinion: { verifies: true },
    });
  });

  test("with several signatures: the one labelled sig is explained, everywhere", async () => {
    const signatureKey = `proxy=hwk;kty="OKP", sig=jwt;jwt="${await agentToken()}"`;
    const request = await signBadly({ signatureKey });
    request.headers["signature-input"] = `proxy=("@method");created=1, ${request.headers["signature-input"]}`;
    request.headers.signature = `proxy=:AAAA:, ${request.headers.signature}`;
    const explanation = await explain(request);
    expect(explanation).toMatchObject({
      verdict: "accepted",
      signatureBase: { agree: true },
      secondOpinion: { verifies: true },
      tokens: [{ header: { typ: "aa-agent+jwt" } }],
    });
    const { headers } = explanation;
    expect(headers.map(({ parsed }) => (parsed as { label?: string } | undefined)?.label)).toEqual([
      "sig",
      "sig",
      "sig",
      undefined,
    ]);
    expect(independentSignatureBase({ ...request, url }, PROFILES)).toBe(explanation.signatureBase.ours);
  });
});

test("a signature with another label than the first member of Signature-Key", async () => {
  const signatureKey = `other=hwk;kty="OKP", x1=jwt;jwt="${await agentToken()}"`;
  const request = await signBadly({ label: "x1", signatureKey });
  request.headers.signature = `other=:AAAA:, ${request.headers.signature}`;
  const explanation = await explain(request);
  expect(explanation).toMatchObject({
    verdict: "accepted",
    secondOpinion: { verifies: true },
    tokens: [{ header: { typ: "aa-agent+jwt" } }],
  });
  expect(explanation.headers.map(({ problem }) => problem)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

describe("a refused message", () => {
  test("names the check that failed, and its section", async () => {
    const request = await requestOf({ body: '{"a":1}' });
    const explanation = await explain(request, { body: new TextEncoder().encode('{"a":2}') });
    expect(explanation).toMatchObject({ verdict: "refused", code: "digest_mismatch" });
    expect(explanation.checks.filter(({ verdict }) => verdict === "failed")).toMatchObject([
      { name: "content-digest", section: "draft -11, section 11.3.4 step 2" },
    ]);
  });

  test("shows the response: the requirement, its token, and those of both bodies", async () => {
    const shown = await personToken();
    const demanded = await resourceToken(shown);
    const json = (value: object) => new TextEncoder().encode(JSON.stringify(value));
    const explanation = await explain(
      await requestOf({ body: json({ resource_token: demanded, presented_token: shown, note: "a.b.c" }) }),
      {
        response: {
          status: 401,
          headers: {
            "AAuth-Requirement": `requirement=auth-token; resource-token="${demanded}"`,
            "Signature-Error": 'error=invalid_input, required_input=("@path")',
            "Accept-Signature-Scheme": "jwt",
            "AAuth-Access": "c2VjcmV0",
            "x-other": "1",
          },
          body: json({ auth_token: await authToken() }),
        },
      },
    );
    expect(explanation.response).toMatchObject({
      status: 401,
      headers: [
        { name: "aauth-requirement", parsed: { requirement: "auth-token" } },
        { name: "signature-error", parsed: { error: "invalid_input", requiredInput: ["@path"] } },
        { name: "accept-signature-scheme", parsed: ["jwt"] },
        { name: "aauth-access", parsed: "a session token of 8 characters" },
      ],
    });
    expect(tokens(explanation)).toEqual([
      ["signature-key", "aa-agent+jwt", "draft -11, section 5.3"],
      ["body, resource_token", "aa-resource+jwt", "draft -11, section 6.7"],
      ["body, presented_token", "aa-person+jwt", "draft -11, section 7.1"],
      ["aauth-requirement", "aa-resource+jwt", "draft -11, section 6.7"],
      ["answer, auth_token", "aa-auth+jwt", "draft -11, section 9.4"],
    ]);
  });

  test("without a signature is recognized by its response", async () => {
    const headers = { "aauth-requirement": "requirement=agent-token" };
    const explanation = await explain(
      { method: "GET", headers: {}, body: undefined },
      { response: { status: 401, headers } },
    );
    expect(explanation).toMatchObject({ profile: "draft-11", code: "missing_signature" });
  });

  test("of a profile that is not given is refused by one that is", async () => {
    const explanation = await explain({
      method: "GET",
      headers: { "signature-key": "sig1=(scheme=hwk)" },
      body: undefined,
    });
    expect(explanation).toMatchObject({ profile: "draft-11", verdict: "refused" });
  });
});
