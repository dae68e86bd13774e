import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draft11 } from "../../src/draft-11/profile.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import { formatContentDigest } from "../../src/http-signatures/content-digest.ts";
import { refusalOf } from "../../src/profile/refusal.ts";
import { meetRequirement } from "../../src/resource/requirement.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import { createMemoryClaimStore } from "../../src/store/claim-store.ts";
import type { SignedRequestOptions } from "../../src/testing/signed-request.ts";
import { signedRequest } from "../../src/testing/signed-request.ts";
import type { Requirement } from "../../src/types.ts";
import { hostileText } from "../hostile-text.ts";
import {
  A_PERSON,
  ACCESS_SERVER,
  AGENT,
  ANY_AGENT,
  AUTHORITY,
  agentToken,
  authToken,
  changed,
  discoveryOf,
  keys,
  NOW,
  now,
  PERSON_SERVER,
  PROVIDER,
  personToken,
  publications,
  RESOURCE,
  refusal,
  requestOf,
  signBadly,
  TO_READ,
  verifierOf,
} from "./kit.ts";

const jwt = (token: string) => ({ scheme: "jwt", jwt: token }) as const;
const shown = (token: string) => `sig=jwt;jwt="${token}"`;
const BODY = new TextEncoder().encode('{"a":1}');
const BASE = ["@method", "@authority", "@path", "signature-key"];

describe("a caller", () => {
  it("with an agent token is an agent", async () => {
    const { caller, report } = await verifierOf().verifyRequest(await requestOf(), { level: "agent-token" });
    expect(caller).toMatchObject({
      ...{
        profile: "draft-11",
        level: "agent-token",
        scheme: "jwt",
        agent: AGENT,
        thumbprint: keys.agent.thumbprint,
      },
      identityToken: { iss: PROVIDER },
    });
    expect(report.checks.map(({ name, verdict }) => [name, verdict])).toEqual([
      ...["headers", "coverage", "created", "scheme", "token", "key", "signature"].map((name) => [
        name,
        "passed",
      ]),
      ["replay", "skipped"],
      ["content-digest", "passed"],
      ["requirement", "passed"],
    ]);
  });

  it("with a person token is one for a person", async () => {
    const request = await requestOf({ signatureKey: jwt(await personToken({ tenant: "acme" })) });
    const { caller } = await verifierOf().verifyRequest(request, { level: "person-token" });
    expect(caller).toMatchObject({ level: "person-token", person: { iss: PERSON_SERVER, sub: "person-1" } });
    expect(caller).not.toHaveProperty("agent");
    expect(caller).not.toHaveProperty("grant");
  });

  it.each([ACCESS_SERVER, PERSON_SERVER])("with an auth token of %s is authorized", async (issuer) => {
    const key = issuer === PERSON_SERVER ? keys.person : keys.access;
    const token = await authToken({ issuer, key, account: "acme-eu" });
    const request = await requestOf({ signatureKey: jwt(token) });
    const { caller } = await verifierOf().verifyRequest(request, {
      ...{ level: "auth-token", scopes: ["data.read"], account: "acme-eu" },
    });
    expect(caller.grant.scopes).toEqual(["data.read"]);
    expect(caller.person).toEqual({ iss: issuer, sub: "person-1" });
    expect(JSON.stringify(caller)).not.toContain(token);
    meetRequirement(caller, A_PERSON, draft11);
  });

  it("signs with ES256, too", async () => {
    const token = await agentToken({ confirmationKey: keys.es256.publicJwk });
    const request = await requestOf({ key: keys.es256, signatureKey: jwt(token) });
    const { caller } = await verifierOf().verifyRequest(request, ANY_AGENT);
    expect(caller.thumbprint).toBe(keys.es256.thumbprint);
  });

  it("shows any label, and further members that no one asked for", async () => {
    const token = await agentToken();
    const labelled = await signBadly({ label: "x1", signatureKey: `x1=jwt; jwt="${token}"` });
    await verifierOf().verifyRequest(labelled, ANY_AGENT);
    const more = await signBadly({ signatureKey: `sig1=hwk;kty="OKP", ${shown(token)}` });
    await verifierOf().verifyRequest(more, ANY_AGENT);
    const several = { ...labelled, headers: { ...labelled.headers } };
    several.headers["signature-input"] = `proxy=("x");created=1, ${labelled.headers["signature-input"]}`;
    const error = await refusal(verifierOf(), several);
    expect([error.code, error.check]).toEqual(["malformed_signature_input", "headers"]);
  });

  it("covers any derived component beside those that are demanded (section 11.3.3.1)", async () => {
    const more = ["@scheme", "@target-uri", "@request-target", '@query-param;name="a"', "@query"];
    const request = await signBadly({
      signatureKey: shown(await agentToken()),
      components: [...BASE, ...more],
      target: "/data?a=1",
    });
    const { report } = await verifierOf().verifyRequest(request, ANY_AGENT);
    expect(report.coveredComponents).toEqual([...BASE, ...more]);
    for (const target of ["/data?a=2", "/data?a=1&a=1"]) {
      const error = await refusal(verifierOf(), { ...request, target });
      expect(["invalid_signature", "missing_component"]).toContain(error.code);
    }
  });
});

// RFC 9651 section 4.2; the verified member is "sig", first or last.
it.each([
  ["signature-input", 'b=("a" "b"', "malformed_signature_input"],
  ["signature-input", "b=(a b)c", "malformed_signature_input"],
  ["signature-input", 'b=("a");created=1;created=1', "malformed_signature_input"],
  ["signature", "b=:AA", "malformed_signature"],
  ["signature", "b=:AA==:;x=", "malformed_signature"],
  ["signature", "b=A A", "malformed_signature"],
])("S32a: refuses %s with the malformed member %s beside the verified one", async (field, member, code) => {
  const request = await requestOf();
  const own = request.headers[field];
  for (const value of [`${member}, ${own}`, `${own}, ${member}`]) {
    const headers = { ...request.headers, [field]: value };
    const error = await refusal(verifierOf(), { ...request, headers });
    expect([error.code, error.check]).toEqual([code, "headers"]);
  }
});

it("a refusal names a section of the draft, also where profiles share its code", async () => {
  const read = async (request: Awaited<ReturnType<typeof requestOf>>, requirement?: Requirement) =>
    refusalOf(await refusal(verifierOf(), request, requirement)).section;
  expect(await read(await requestOf({ now: () => NOW - 100 }))).toBe("draft -11, section 11.3.4 step 3");
  const person = await requestOf({ signatureKey: jwt(await personToken()) });
  expect(await read(person, TO_READ)).toBe("draft -11, section 6");
  // It has one of its own.
  expect(await read(await requestOf(), TO_READ)).toBe("draft -11, section 6.1");
});

// ------------------------------------------------------------------------ section 18 of the design

interface Refused {
  readonly name: string;
  readonly request: () => Promise<Awaited<ReturnType<typeof requestOf>>>;
  readonly requirement?: Requirement;
  readonly expected: readonly [code: string, check: string];
  /** Addresses that may be asked before it is refused. Default none. */
  readonly fetches?: true;
}

const tokenCases: Refused[] = [
  {
    name: "1. a person token where an auth token is needed",
    request: async () => requestOf({ signatureKey: jwt(await personToken()) }),
    requirement: TO_READ,
    expected: ["authorization_required", "requirement"],
    fetches: true,
  },
  {
    name: "1. an agent token where a person token is needed",
    request: () => requestOf(),
    requirement: A_PERSON,
    expected: ["person_required", "requirement"],
    fetches: true,
  },
  {
    name: "1. an agent token where an auth token is needed",
    request: () => requestOf(),
    requirement: TO_READ,
    expected: ["person_required", "requirement"],
    fetches: true,
  },
  {
    name: "1. a person token called an auth token",
    request: async () => {
      const token = await changed(await personToken(), keys.person, {}, { typ: "aa-auth+jwt" });
      return requestOf({ signatureKey: jwt(token) });
    },
    requirement: TO_READ,
    expected: ["token_claim_missing", "token"],
  },
  {
    name: "1. an auth token called a person token",
    request: async () => {
      const token = await changed(
        await authToken(),
        keys.access,
        { dwk: "aauth-person.json" },
        { typ: "aa-person+jwt" },
      );
      return requestOf({ signatureKey: jwt(token) });
    },
    requirement: A_PERSON,
    expected: ["malformed_token", "token"],
  },
  ...(["aa-resource+jwt", "agent+jwt", "auth+jwt", "JWT", undefined] as const).map((typ) => ({
    name: `1. a token of type ${typ}`,
    request: async () =>
      requestOf({ signatureKey: jwt(await changed(await agentToken(), keys.provider, {}, { typ })) }),
    expected: ["token_type_mismatch", "token"] as const,
  })),
  {
    name: "1. a person token where an agent has to say who it is",
    request: async () => requestOf({ signatureKey: jwt(await personToken()) }),
    expected: ["token_type_mismatch", "token"],
  },
  {
    name: "an auth token with another scope",
    request: async () => requestOf({ signatureKey: jwt(await authToken({ scope: "data.write" })) }),
    requirement: TO_READ,
    expected: ["insufficient_scope", "requirement"],
    fetches: true,
  },
  {
    name: "an auth token for another account",
    request: async () => requestOf({ signatureKey: jwt(await authToken({ account: "other" })) }),
    requirement: { ...TO_READ, account: "acme-eu" } as Requirement,
    expected: ["authorization_required", "requirement"],
    fetches: true,
  },
  ...(["person", "auth"] as const).map((kind) => ({
    name: `a ${kind} token for another resource`,
    request: async () => {
      const audience = "https://other.example";
      return requestOf({
        signatureKey: jwt(await (kind === "person" ? personToken({ audience }) : authToken({ audience }))),
      });
    },
    requirement: A_PERSON,
    expected: ["token_audience_mismatch", "token"] as const,
  })),
  {
    name: "a token of a server that is not trusted",
    request: async () =>
      requestOf({ signatureKey: jwt(await personToken({ issuer: "https://evil.example" })) }),
    requirement: A_PERSON,
    expected: ["untrusted_issuer", "token"],
  },
  ...(["agent", "person", "auth"] as const).map((kind) => ({
    name: `3. a stolen ${kind} token, signed by another key`,
    request: async () => {
      const token = await { agent: agentToken, person: personToken, auth: authToken }[kind]();
      return requestOf({ key: keys.other, signatureKey: jwt(token) });
    },
    requirement: kind === "agent" ? ANY_AGENT : A_PERSON,
    expected: ["invalid_signature", "signature"] as const,
    fetches: true as const,
  })),
  {
    name: "5. a token whose exp is now",
    request: async () => requestOf({ signatureKey: jwt(await agentToken({ now: () => NOW - 3600 })) }),
    expected: ["token_expired", "token"],
    fetches: true,
  },
  {
    name: "5. a token whose iat is 120 s ahead",
    request: async () => requestOf({ signatureKey: jwt(await agentToken({ now: () => NOW + 120 })) }),
    expected: ["token_not_yet_valid", "token"],
    fetches: true,
  },
  ...(
    [
      ["no alg", { alg: undefined }, "key_algorithm_not_allowed"],
      ["EdDSA", { alg: "EdDSA" }, "key_algorithm_not_allowed"],
      ["none", { alg: "none" }, "key_algorithm_not_allowed"],
      ["a curve that its alg is not for", { crv: "P-256" }, "unsupported_key"],
    ] as const
  ).map(([what, members, code]) => ({
    name: `7. a confirmation key with ${what}`,
    request: async () => {
      const { kid: _, ...jwk } = { ...keys.agent.publicJwk, alg: "Ed25519", ...members };
      return requestOf({
        signatureKey: jwt(await changed(await agentToken(), keys.provider, { cnf: { jwk } })),
      });
    },
    expected: [code, "token"] as const,
  })),
  {
    name: "7. a kid that is nowhere",
    request: async () =>
      requestOf({ signatureKey: jwt(await changed(await agentToken(), keys.provider, {}, { kid: "x" })) }),
    expected: ["unknown_key", "token"],
    fetches: true,
  },
  ...[
    "https://agent.example:8443",
    "https://agent.example/x",
    "https://Agent.example",
    "https://agent.example/",
  ].map((iss) => ({
    name: `8. an issuer ${iss}`,
    request: async () =>
      requestOf({ signatureKey: jwt(await changed(await agentToken(), keys.provider, { iss })) }),
    expected: ["malformed_token", "token"] as const,
  })),
  ...["https://127.0.0.1", "https://localhost", "https://10.0.0.1"].map((iss) => ({
    name: `8. an issuer ${iss}`,
    request: async () => {
      const sub = `aauth:planner@${iss.slice(8)}`;
      return requestOf({ signatureKey: jwt(await changed(await agentToken(), keys.provider, { iss, sub })) });
    },
    expected: ["discovery_blocked", "token"] as const,
  })),
];

const messageCases: Refused[] = [
  ...BASE.map((missing) => ({
    name: `4. ${missing} not covered`,
    request: async () =>
      signBadly({
        signatureKey: shown(await agentToken()),
        components: BASE.filter((name) => name !== missing),
      }),
    expected: ["insufficient_coverage", "coverage"] as const,
  })),
  ...["content-digest", "content-type"].map((missing) => ({
    name: `4. ${missing} not covered`,
    request: async () =>
      signBadly({
        ...{ signatureKey: shown(await agentToken()), method: "POST", body: BODY },
        components: [...BASE, ...["content-digest", "content-type"].filter((name) => name !== missing)],
        headers: {
          ...{ "content-digest": await formatContentDigest(BODY), "content-type": "application/json" },
          "content-length": String(BODY.length),
        },
      }),
    expected: ["insufficient_coverage", "coverage"] as const,
  })),
  {
    name: "4. a body that nothing announces and nothing covers",
    request: async () => signBadly({ signatureKey: shown(await agentToken()), method: "POST", body: BODY }),
    expected: ["digest_missing", "content-digest"],
    fetches: true,
  },
  {
    name: "4. a body exchanged",
    request: async () => ({
      ...(await requestOf({ body: '{"a":1}' })),
      body: new TextEncoder().encode('{"a":2}'),
    }),
    expected: ["digest_mismatch", "content-digest"],
    fetches: true,
  },
  {
    name: "4. a body exchanged, and its digest recomputed",
    request: async () => {
      const request = await requestOf({ body: '{"a":1}' });
      const body = new TextEncoder().encode('{"a":2}');
      return {
        ...request,
        body,
        headers: { ...request.headers, "content-digest": await formatContentDigest(body) },
      };
    },
    expected: ["invalid_signature", "signature"],
    fetches: true,
  },
  {
    name: "a session token that is not covered",
    request: async () =>
      signBadly({ signatureKey: shown(await agentToken()), headers: { authorization: "AAuth session-1" } }),
    expected: ["insufficient_coverage", "coverage"],
  },
  {
    name: "a session token exchanged",
    request: async () => {
      const request = await requestOf({ headers: { authorization: "AAuth session-1" } });
      return { ...request, headers: { ...request.headers, authorization: "AAuth session-2" } };
    },
    expected: ["invalid_signature", "signature"],
    fetches: true,
  },
  ...[
    ["61 s old", NOW - 61, "later"],
    ["61 s ahead", NOW + 61, "earlier"],
  ].map(([what, created]) => ({
    name: `5. a signature ${what}`,
    request: () => requestOf({ now: () => created as number }),
    expected: ["created_out_of_window", "created"] as const,
  })),
  {
    name: "5. no created",
    request: async () => signBadly({ signatureKey: shown(await agentToken()), parameters: "" }),
    expected: ["created_missing", "created"],
  },
  {
    name: "5. expires in the past",
    request: async () =>
      signBadly({ signatureKey: shown(await agentToken()), parameters: `;created=${NOW};expires=${NOW}` }),
    expected: ["signature_expired", "created"],
  },
  ...['hwk;kty="OKP";crv="Ed25519";x="a";alg="Ed25519"', "x-new", 'self-jwt;jwt="a"'].map((member) => ({
    name: `6. scheme ${member.split(";")[0]}`,
    request: () => signBadly({ signatureKey: `sig=${member}` }),
    expected: ["unsupported_scheme", "scheme"] as const,
  })),
  {
    name: "6. an agent that signs as a server",
    request: () =>
      requestOf({ signatureKey: { scheme: "jwks_uri", id: PERSON_SERVER, document: "aauth-person.json" } }),
    expected: ["unsupported_scheme", "scheme"],
  },
  {
    name: "no member for the signature's label",
    request: async () => signBadly({ signatureKey: `other=jwt;jwt="${await agentToken()}"` }),
    expected: ["label_mismatch", "headers"],
  },
  {
    name: "a signature with another label",
    request: async () => {
      const request = await requestOf();
      return {
        ...request,
        headers: { ...request.headers, signature: request.headers.signature!.replace("sig=", "a=") },
      };
    },
    expected: ["label_mismatch", "headers"],
  },
  {
    name: "a keyid of another key",
    request: async () =>
      signBadly({
        signatureKey: shown(await agentToken()),
        parameters: `;created=${NOW};keyid="${keys.other.thumbprint}"`,
      }),
    expected: ["invalid_signature", "signature"],
    fetches: true,
  },
  {
    name: "a keyid that is no text",
    request: async () =>
      signBadly({ signatureKey: shown(await agentToken()), parameters: `;created=${NOW};keyid` }),
    expected: ["invalid_signature", "signature"],
    fetches: true,
  },
  {
    name: "a signature in base64url",
    request: async () => {
      const request = await requestOf();
      const signature = request.headers
        .signature!.replaceAll("+", "-")
        .replaceAll("/", "_")
        .replaceAll("==:", ":");
      return { ...request, headers: { ...request.headers, signature } };
    },
    expected: ["malformed_signature", "headers"],
  },
  ...["signature-key", "signature-input", "signature"].map((field) => ({
    name: `no ${field}`,
    request: async () => {
      const request = await requestOf();
      return { ...request, headers: { ...request.headers, [field]: undefined as never } };
    },
    expected: ["missing_signature", "headers"] as const,
  })),
  {
    name: "another method",
    request: async () => ({ ...(await requestOf()), method: "DELETE" }),
    expected: ["invalid_signature", "signature"],
    fetches: true,
  },
  {
    name: "another path",
    request: async () => ({ ...(await requestOf()), target: "/other" }),
    expected: ["invalid_signature", "signature"],
    fetches: true,
  },
];

describe.each([
  ["tokens", tokenCases],
  ["messages", messageCases],
] as const)("of %s is refused by the check that is meant", (_what, cases) => {
  it.each(cases)("$name", async ({ request, requirement, expected, fetches }) => {
    const discovery = discoveryOf();
    const error = await refusal(verifierOf({ discovery }), await request(), requirement);
    expect([error.code, error.check]).toEqual(expected);
    if (!fetches) expect(discovery.fetched).toEqual([]);
  });
});

it("6. an unknown scheme is refused with the known ones", async () => {
  const error = await refusal(verifierOf(), await signBadly({ signatureKey: "sig=x-new" }));
  expect([error.expected, error.message]).toEqual(["jwt", "scheme x-new is not accepted here"]);
});

it("any headers at all are refused by name, and nothing is fetched for them", async () => {
  const good = await requestOf();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("signature-key", "signature-input", "signature", "authorization"),
      fc.oneof(
        hostileText,
        fc.constantFrom("sig=jwt;jwt=", "sig=(", "AAuth", "sig=:AA==:", "sig=jwks_uri;id="),
      ),
      async (field, value) => {
        const discovery = discoveryOf();
        const headers = { ...good.headers, [field]: value };
        // Only a session token is looked at; any other authorization is not the protocol's.
        if (field === "authorization" && !/^[ \t]*aauth(?:[ \t]|$)/i.test(value)) return;
        const error = await refusal(verifierOf({ discovery }), { ...good, headers });
        expect(error.check).toMatch(/^(headers|coverage|created|scheme|token)$/);
        expect(discovery.fetched).toEqual([]);
      },
    ),
  );
});

it("signatures within the window pass, also with alg, keyid and expires", async () => {
  for (const at of [NOW - 60, NOW + 60])
    await verifierOf().verifyRequest(await requestOf({ now: () => at }), ANY_AGENT);
  for (const more of [
    'alg="rsa-pss-sha512"',
    `keyid="${keys.agent.thumbprint}"`,
    `expires=${NOW + 1}`,
    'tag="x"',
  ]) {
    const parameters = `;created=${NOW};${more}`;
    await verifierOf().verifyRequest(
      await signBadly({ signatureKey: shown(await agentToken()), parameters }),
      ANY_AGENT,
    );
  }
});

it("7. a kid that is rotated in is found a minute after the last look at the key set (section 11.4)", async () => {
  const published = publications();
  let at = NOW;
  const discovery = discoveryOf(published, () => at);
  const verifier = verifierOf({ discovery, now: () => at });
  await verifier.verifyRequest(await requestOf(), ANY_AGENT);
  const address = `${PROVIDER}/jwks.json`;
  const { keys: set } = published.get(address) as { keys: object[] };
  published.set(address, { keys: [...set, { ...keys.other.publicJwk, alg: "Ed25519" }] });
  at += 59;
  const token = await agentToken({ key: keys.other });
  const rotated = () => requestOf({ now: () => at, signatureKey: jwt(token) });
  expect((await refusal(verifier, await rotated())).code).toBe("unknown_key");
  at += 1;
  await verifier.verifyRequest(await rotated(), ANY_AGENT);
});

it("8. a document of another issuer, or of none, is refused", async () => {
  for (const [issuer, code] of [
    ["https://other.example", "metadata_mismatch"],
    [undefined, "metadata_issuer_missing"],
  ]) {
    const published = publications();
    const address = `${PROVIDER}/.well-known/aauth-agent.json`;
    published.set(address, { ...(published.get(address) as object), issuer });
    const error = await refusal(verifierOf({ discovery: discoveryOf(published) }), await requestOf());
    expect([error.code, error.check]).toEqual([code, "token"]);
  }
});

it("a revoked token is refused at every kind of route, also when it is known", async () => {
  const revoked = new Set<string>();
  const verifier = verifierOf({ isRevoked: ({ iss, jti, type }) => revoked.has(`${type} ${iss} ${jti}`) });
  for (const [make, requirement] of [
    [agentToken, ANY_AGENT],
    [personToken, A_PERSON],
    [authToken, TO_READ],
  ] as const) {
    const token = await make();
    const request = await requestOf({ signatureKey: jwt(token) });
    await verifier.verifyRequest(request, requirement);
    const { typ } = JSON.parse(atob(token.split(".")[0]!)) as { typ: string };
    const { iss, jti } = JSON.parse(atob(token.split(".")[1]!)) as { iss: string; jti: string };
    revoked.add(`${typ} ${iss} ${jti}`);
    const error = await refusal(verifier, request, requirement);
    expect([error.code, error.check, error.provenCaller]).toEqual(["token_revoked", "token", undefined]);
  }
});

it("agent providers can be limited, and without audience no person counts", async () => {
  const error = await refusal(verifierOf({ trustedAgents: ["https://other.example"] }), await requestOf());
  expect([error.code, error.check]).toEqual(["untrusted_issuer", "token"]);
  await verifierOf({ trustedAgents: [PROVIDER] }).verifyRequest(await requestOf(), ANY_AGENT);
  const anonymous = verifierOf({ audience: undefined, trustedIssuers: [] });
  const request = await requestOf({ signatureKey: jwt(await personToken()) });
  await expect(anonymous.verifyRequest(request)).rejects.toMatchObject({ code: "untrusted_issuer" });
});

describe("replay", () => {
  it("a safe request may come twice, an unsafe one once, with another body again", async () => {
    const verifier = verifierOf({ replayStore: createMemoryClaimStore({ now }) });
    const get = await requestOf();
    await verifier.verifyRequest(get, ANY_AGENT);
    await verifier.verifyRequest(get, ANY_AGENT);
    const token = await agentToken();
    const post = (body: string) => requestOf({ body, signatureKey: jwt(token) });
    await verifier.verifyRequest(await post("{}"), ANY_AGENT);
    const error = await refusal(verifier, await post("{}"));
    expect([error.code, error.check]).toEqual(["signature_replayed", "replay"]);
    await verifier.verifyRequest(await post("[]"), ANY_AGENT);
    const remove = await requestOf({ method: "DELETE" });
    await verifier.verifyRequest(remove, ANY_AGENT);
    expect((await refusal(verifier, remove)).code).toBe("signature_replayed");
  });

  it("S8: leaves room for other persons of the same person server", async () => {
    const replayStore = createMemoryClaimStore({ now, maxEntries: 40 });
    const verifier = verifierOf({ replayStore });
    const post = async (token: string, body: string) => requestOf({ body, signatureKey: jwt(token) });
    for (const tokenOf of [personToken, authToken]) {
      const greedy = await tokenOf({ subject: "greedy" });
      const codes = new Set<string>();
      for (let index = 0; index < 40; index++) {
        const request = await post(greedy, `[${index}]`);
        await verifier.verifyRequest(request, A_PERSON).catch(({ code }) => codes.add(code));
      }
      expect([...codes]).toEqual(["replay_memory_full"]);
      await verifier.verifyRequest(await post(await tokenOf({ subject: "other" }), "{}"), A_PERSON);
    }
  });
});

describe("components that a resource asks for in addition", () => {
  const additionalComponents = ["@query", "x-tenant"];
  const url = `${RESOURCE}/data?scope=a`;
  it("are covered where a message has them", async () => {
    const verifier = verifierOf({ additionalComponents });
    const request = await requestOf({ url, headers: { "x-tenant": "a" }, additionalComponents });
    const { report } = await verifier.verifyRequest(request, ANY_AGENT);
    expect(report.coveredComponents).toEqual([...BASE, "@query", "x-tenant"]);
    const bare = await requestOf({ additionalComponents: ["@query"] });
    expect((await verifier.verifyRequest(bare, ANY_AGENT)).report.signatureBase).toContain('"@query": ?\n');
    const error = await refusal(verifier, await requestOf({ url }));
    expect([error.code, error.claim]).toEqual(["insufficient_coverage", "@query"]);
    await verifier.verifyRequest(await requestOf(), ANY_AGENT);
  });
  it("are such as a message can have: any other would be published, and not demanded", () => {
    for (const name of ["@target-uri", "X-Tenant", '@query-param";name="a', ""]) {
      expect(() => verifierOf({ additionalComponents: [name] }), name).toThrow(TypeError);
    }
  });
  it("are not demanded by default", async () => {
    await verifierOf().verifyRequest(await requestOf({ url }), ANY_AGENT);
  });
});

describe("servers", () => {
  const server = { level: "server" } as const;
  const as = (id: string, document: string, key = keys.person) =>
    ({
      key,
      signatureKey: { scheme: "jwks_uri", id, document },
      url: `${ACCESS_SERVER}/token`,
      body: "{}",
    }) as const;
  const signed = (over: Partial<SignedRequestOptions>) => requestOf({ endpoint: "token", ...over });
  const endpoint = (role: "token" | "revocation" | "pending", over = {}) =>
    createVerifier({
      profile: draft11,
      authorities: ["as.example"],
      discovery: discoveryOf(),
      now,
      endpoint: role,
      ...over,
    });

  it("call in their own name", async () => {
    const request = await signed(as(PERSON_SERVER, "aauth-person.json"));
    for (const role of ["token", "revocation", "pending"] as const) {
      const { caller } = await endpoint(role).verifyRequest(request, { level: "server" });
      expect(caller).toMatchObject({ level: "server", scheme: "jwks_uri", server: PERSON_SERVER });
    }
    const own = await signed(as(PROVIDER, "aauth-agent.json", keys.provider));
    expect((await endpoint("revocation").verifyRequest(own, server)).caller.server).toBe(PROVIDER);
  });

  it.each<[string, Partial<SignedRequestOptions>, "token" | "revocation", string]>([
    [
      "6. with the document of another role",
      as(PROVIDER, "aauth-agent.json", keys.provider),
      "token",
      "unsupported_key",
    ],
    ["6. with a document that none has", as(PERSON_SERVER, "jwks.json"), "revocation", "unsupported_key"],
    [
      "with the key of another",
      as(PERSON_SERVER, "aauth-person.json", keys.other),
      "revocation",
      "unknown_key",
    ],
    [
      "8. that are unknown",
      as("https://nobody.example", "aauth-person.json"),
      "revocation",
      "discovery_failed",
    ],
  ])("%s are refused", async (_what, over, role, code) => {
    expect((await refusal(endpoint(role), await signed(over), server)).code).toBe(code);
  });

  it("6. whose document names another issuer are refused", async () => {
    const published = publications();
    const address = `${PERSON_SERVER}/.well-known/aauth-person.json`;
    published.set(address, { ...(published.get(address) as object), issuer: "https://other.example" });
    const request = await signed(as(PERSON_SERVER, "aauth-person.json"));
    const verifier = endpoint("revocation", { discovery: discoveryOf(published) });
    expect((await refusal(verifier, request, server)).code).toBe("metadata_mismatch");
  });

  it.each(["https://ps.example:8443", "https://PS.example", "https://ps.example/", "http://ps.example"])(
    "8. named %s are refused before anything is fetched",
    async (id) => {
      const asked: string[] = [];
      // Not even a discovery without a guard of its own is asked.
      const discovery = {
        ...discoveryOf(),
        async key(_kind: unknown, name: string) {
          asked.push(name);
          return { jwk: { ...keys.person.publicJwk, alg: "ES256" }, source: "discovery" as const };
        },
      };
      const headers = {
        "content-digest": await formatContentDigest(BODY),
        "content-type": "application/json",
      };
      const request = await signBadly({
        ...{
          signatureKey: `sig=jwks_uri;id="${id}";dwk="aauth-person.json";kid="ps-1"`,
          key: keys.person,
          headers,
        },
        ...{
          components: [...BASE, "content-digest", "content-type"],
          method: "POST",
          authority: "as.example",
          body: BODY,
        },
      });
      expect((await refusal(endpoint("revocation", { discovery }), request, server)).code).toBe(
        "unsupported_key",
      );
      expect(asked).toEqual([]);
    },
  );

  it("7. whose published key has no alg are refused", async () => {
    const published = publications();
    published.set(`${PERSON_SERVER}/jwks.json`, { keys: [keys.person.publicJwk] });
    const verifier = endpoint("revocation", { discovery: discoveryOf(published) });
    const error = await refusal(verifier, await signed(as(PERSON_SERVER, "aauth-person.json")), server);
    expect([error.code, error.check]).toEqual(["key_algorithm_not_allowed", "key"]);
  });

  it("6. do not sign as agents do, nor agents as servers", async () => {
    const agent = await requestOf({ url: `${ACCESS_SERVER}/token`, body: "{}" });
    const person = await signed(as(PERSON_SERVER, "aauth-person.json"));
    for (const [role, request, requirement] of [
      ["token", agent, server],
      ["token", person, ANY_AGENT],
      ["revocation", agent, server],
    ] as const) {
      const discovery = discoveryOf();
      const error = await refusal(endpoint(role, { discovery }), request, requirement);
      expect([error.code, error.check]).toEqual(["unsupported_scheme", "scheme"]);
      expect(discovery.fetched).toEqual([]);
    }
    await endpoint("token").verifyRequest(agent, ANY_AGENT);
  });

  it("that are not on the list are refused", async () => {
    const verifier = endpoint("token", { trustedAgents: ["https://other.example"] });
    const error = await refusal(verifier, await signed(as(PERSON_SERVER, "aauth-person.json")), server);
    expect([error.code, error.check]).toEqual(["untrusted_agent", "key"]);
  });

  it("a token endpoint takes agent tokens only, and none of a sub-agent", async () => {
    const url = `${ACCESS_SERVER}/token`;
    const person = await requestOf({ url, body: "{}", signatureKey: jwt(await personToken()) });
    for (const requirement of [ANY_AGENT, undefined]) {
      const judged = endpoint("token").verifyRequest(person, requirement as never);
      await expect(judged).rejects.toMatchObject({ code: "token_type_mismatch" });
    }
    const agent = await requestOf({ url, body: "{}" });
    const revocation = endpoint("revocation").verifyRequest(agent);
    await expect(revocation).rejects.toMatchObject({ code: "unsupported_scheme" });
    const sub = { agent: "aauth:planner+x@agent.example", parentAgent: AGENT };
    const request = await requestOf({ url, body: "{}", signatureKey: jwt(await agentToken(sub)) });
    const error = await refusal(endpoint("token"), request);
    expect([error.code, error.claim, error.check]).toEqual(["token_agent_mismatch", "parent_agent", "token"]);
    const { caller } = await verifierOf().verifyRequest(
      await requestOf({ signatureKey: jwt(await agentToken(sub)) }),
      { level: "agent-token" },
    );
    expect(caller.agent).toBe(sub.agent);
  });
});

describe("requirements", () => {
  it.each<Requirement>([
    { level: "identified" },
    { level: "auth-token" },
    { level: "auth-token", scopes: [] },
    { level: "auth-token", scopes: ["a b"] },
    { level: "auth-token", scopes: ["a"], account: "" },
    { level: "person-token", scopes: ["a"] },
    { level: "agent-token", account: "a" },
    { level: "auth-token", scopes: ["a"], subject: "required" },
  ])("%j is a mistake", async (requirement) => {
    await expect(verifierOf().verifyRequest(await requestOf(), requirement as never)).rejects.toThrow(
      TypeError,
    );
  });

  it("are met by who they are for, also once a handler knows what it needs", async () => {
    const shownBy = async (token: string) =>
      (await verifierOf().verifyRequest(await requestOf({ signatureKey: jwt(token) }))).caller;
    const callers = await Promise.all(
      [agentToken(), personToken(), authToken()].map(async (token) => shownBy(await token)),
    );
    const codes = [ANY_AGENT, A_PERSON, TO_READ, { level: "server" }].map((requirement) =>
      callers.map((caller) => {
        try {
          meetRequirement(caller, requirement, draft11);
          return "met";
        } catch (error) {
          return (error as { code?: string }).code;
        }
      }),
    );
    expect(codes).toEqual([
      ["met", "identity_required", "identity_required"],
      ["person_required", "met", "met"],
      ["person_required", "authorization_required", "met"],
      ["identity_required", "identity_required", "identity_required"],
    ]);
  });

  it("of February 2026 have no account", () => {
    const requirement: Requirement = { level: "authorized", scopes: ["a"], account: "acme" };
    expect(() => february2026.verification.validateRequirement(requirement)).toThrow(TypeError);
  });

  it("that no caller can meet are refused at once", () => {
    const verifier = verifierOf({ audience: undefined, trustedIssuers: [] });
    for (const requirement of [TO_READ, A_PERSON])
      expect(() => verifier.checkRequirement!(requirement)).toThrow(TypeError);
    verifier.checkRequirement!(ANY_AGENT);
  });
});

describe("beside February 2026", () => {
  it("each message is judged in its own profile, and a route for one refuses the other by name", async () => {
    const { createTestParties } = await import("../../src/february-2026/testing/test-parties.ts");
    const parties = await createTestParties();
    const february = {
      ...{
        authorities: ["supply-chain-agent.localhost:3000"],
        audience: parties.resource.id,
        discovery: parties.discovery,
      },
      trustedIssuers: [parties.authServer.issuer],
    };
    const own = {
      profile: draft11,
      authorities: [AUTHORITY],
      audience: RESOURCE,
      trustedIssuers: [PERSON_SERVER],
    };
    const verifier = createVerifier({
      profile: february2026,
      ...february,
      accept: [{ ...own, discovery: discoveryOf() }],
      now,
    });
    const old = await signedRequest({
      profile: february2026,
      ...{ url: `${parties.resource.id}/`, key: parties.agent.key, now },
      signatureKey: { scheme: "jwks", id: parties.agent.id },
    });
    const both: Requirement = { level: "identified", or: ANY_AGENT };
    expect((await verifier.verifyRequest(old, both)).caller.profile).toBe("february-2026");
    expect((await verifier.verifyRequest(await requestOf(), both)).caller.profile).toBe("draft-11");
    for (const [request, requirement, name] of [
      [old, ANY_AGENT, "february-2026"],
      [await requestOf(), { level: "identified" } as Requirement, "draft-11"],
    ] as const) {
      const error = await refusal(verifier, request, requirement);
      expect([error.code, error.message]).toEqual(["profile_not_accepted", expect.stringContaining(name)]);
    }
    const onlyNew = await refusal(verifierOf(), { ...old, authority: AUTHORITY });
    expect([onlyNew.code, onlyNew.check, onlyNew.message]).toEqual([
      "malformed_signature_key",
      "headers",
      expect.stringContaining("the form of another dialect"),
    ]);
    const { accept: _, ...onlyOld } = { ...february, accept: undefined };
    const error = await refusal(
      createVerifier({ profile: february2026, ...onlyOld, authorities: [AUTHORITY], now }),
      await requestOf(),
      { level: "identified" },
    );
    expect([error.code, error.check]).toEqual(["malformed_signature_key", "signature-key"]);
  });
});
