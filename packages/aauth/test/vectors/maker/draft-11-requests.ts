/** Signed requests of draft -11, and the verdict of a verifier on each. */

import {
  A_PERSON,
  A_SERVER,
  ANY_AGENT,
  agentToken,
  authToken,
  BASE,
  BODY,
  because,
  changedDocument,
  type Judged,
  NOW,
  ownName,
  PERSON_SERVER,
  PROVIDER,
  personToken,
  received,
  refused,
  requestsFile,
  TO_READ,
  verified,
} from "./draft-11-parties.ts";
import { keys } from "./keys.ts";
import { type Case, digest, type VectorFile } from "./messages.ts";

const without = (names: readonly string[], name: string) => names.filter((other) => other !== name);
const listOf = (names: readonly string[]) => `(${names.map((name) => `"${name}"`).join(" ")})`;
const invalid = because("invalid_signature");
const required = (names: readonly string[]) => because(`invalid_input, required_input=${listOf(names)}`);

// ----------------------------------------------------------------------------------------- message

const JSON_BODY = '{"a":1}';
const SESSION = { authorization: "AAuth session-1" };

/** A request to a resource that demands the query. */
const demanding = (target: string, components = [...BASE, "@query"]) => ({
  ...{ target, components, verifier: { additionalComponents: ["@query"] } },
});

const accepted: Case[] = [
  verified(received("accepts a request with an agent token", "11.3.4")),
  verified(received("accepts a body that is covered", "11.3.3.1", { body: JSON_BODY })),
  verified(
    received("accepts a signature of ES256", "11.3.1", {
      key: keys.es256,
      token: agentToken({ claims: { cnf: { jwk: keys.es256.publicJwk } } }),
    }),
  ),
  verified(
    received("accepts any label", "11.3.2", { label: "x1", signatureKey: `x1=jwt;jwt="${agentToken()}"` }),
  ),
  verified(
    received("ignores other members of Signature-Key", "K 3", {
      signatureKey: `sig1=hwk;kty="OKP", sig=jwt;jwt="${agentToken()}"`,
    }),
  ),
  verified(
    received("accepts components in another order, and more of them", "11.3.3.1", {
      fields: { "x-tenant": "a" },
      components: ["signature-key", "x-tenant", "@path", "@authority", "@method"],
    }),
  ),
  verified(
    received("accepts a keyid that is the key's thumbprint", "11.3.3.2", {
      parameters: `;created=${NOW};keyid="${keys.agent.thumbprint}"`,
    }),
  ),
  verified(
    received("ignores the parameter alg", "11.3.3.2", {
      parameters: `;created=${NOW};alg="rsa-v1_5-sha256"`,
    }),
  ),
  verified(received("accepts a query that is covered", "11.2.4", demanding("/data?scope=a&b=%20"))),
  verified(received("covers an absent query as a question mark", "RFC 9421, 2.2.7", demanding("/data"))),
  verified(
    received("accepts a query that is not covered where it need not be", "11.3.3.1", {
      target: "/data?a=1",
    }),
  ),
  verified(
    received("accepts a session token that is covered", "6.3", {
      fields: SESSION,
      components: [...BASE, "authorization"],
    }),
  ),
  verified(received("accepts a safe request twice", "11.3.4.2", { repeated: true })),
  ...[-60, 60].map((seconds) =>
    verified(
      received(`accepts a signature made ${seconds} s from now`, "11.3.4, step 3", {
        parameters: `;created=${NOW + seconds}`,
      }),
    ),
  ),
];

const uncovered = (name: string, names: readonly string[], more: Omit<Judged, "title" | "section"> = {}) =>
  refused(
    received(`refuses a request that does not cover ${name}`, "11.3.4, step 2", {
      ...more,
      components: without(more.components ?? names, name),
    }),
    { code: "insufficient_coverage", check: "coverage", ...required(names) },
  );

const malformedFields: Case[] = [
  ...["signature-key", "signature-input", "signature"].map((name) =>
    refused(
      received(`refuses a request without ${name}`, "11.3.4, step 1", {
        received: { fields: { [name]: undefined } },
      }),
      {
        ...{ code: "missing_signature", check: "headers" },
        ...because("invalid_signature", { "aauth-requirement": "requirement=agent-token" }),
      },
    ),
  ),
  refused(
    received("refuses Signature-Key without a member for the signature's label", "11.3.4, step 1", {
      signatureKey: `other=jwt;jwt="${agentToken()}"`,
    }),
    { code: "label_mismatch", check: "headers", ...invalid },
  ),
  refused(
    received("refuses Signature with another label", "11.3.4, step 1", {
      received: { fields: { signature: `sig2=:${Buffer.alloc(64, 1).toString("base64")}:` } },
    }),
    { code: "label_mismatch", check: "headers", ...invalid },
  ),
  refused(
    received("refuses a signature in base64url", "11.3.4, step 1", {
      received: { fields: { signature: `sig=:${Buffer.alloc(64, 251).toString("base64url")}:` } },
    }),
    { code: "malformed_signature", check: "headers", ...invalid },
  ),
  refused(
    received("refuses Signature-Key in the form of February 2026", "11.3.4, step 1", {
      signatureKey: `sig1=(scheme=jwt jwt="${agentToken()}")`,
    }),
    { code: "malformed_signature_key", check: "headers", ...invalid },
  ),
];

const coverage: Case[] = [
  ...BASE.map((name) => uncovered(name, BASE)),
  ...BODY.map((name) => uncovered(name, [...BASE, ...BODY], { body: JSON_BODY })),
  uncovered("authorization", [...BASE, "authorization"], { fields: SESSION }),
  uncovered("@query", [...BASE, "@query"], demanding("/data?scope=a")),
];

const times: Case[] = [
  refused(
    received("refuses a signature that is 61 s old", "11.3.4, step 3", {
      parameters: `;created=${NOW - 61}`,
    }),
    { code: "created_out_of_window", check: "created", ...invalid },
  ),
  refused(
    received("refuses a signature that is 61 s ahead", "11.3.4, step 3", {
      parameters: `;created=${NOW + 61}`,
    }),
    { code: "created_out_of_window", check: "created", ...because("clock_skew") },
  ),
  refused(received("refuses a signature without created", "11.3.4, step 3", { parameters: "" }), {
    ...{ code: "created_missing", check: "created", ...invalid },
  }),
  refused(
    received("refuses a signature that has expired", "11.3.4, step 3", {
      parameters: `;created=${NOW};expires=${NOW}`,
    }),
    { code: "signature_expired", check: "created", ...invalid },
  ),
];

const jwtOnly = because("unsupported_scheme", { "accept-signature-scheme": "jwt" });
const person = ownName(PERSON_SERVER, "aauth-person.json", "ps-1");
const schemes: Case[] = [
  ...['hwk;kty="OKP";crv="Ed25519";x="a";alg="Ed25519"', 'self-jwt;jwt="a"', "x509", "x-unregistered"].map(
    (member) =>
      refused(
        received(`refuses scheme ${member.split(";")[0]}`, "11.3.4, step 4", {
          signatureKey: `sig=${member}`,
        }),
        { code: "unsupported_scheme", check: "scheme", ...jwtOnly },
      ),
  ),
  refused(
    received("refuses a server's own name where an agent has to call", "11.3.2", {
      signatureKey: person,
      key: keys.person,
    }),
    { code: "unsupported_scheme", check: "scheme", ...jwtOnly },
  ),
];

const signatures: Case[] = [
  ...(
    [
      ["an agent token", agentToken(), ANY_AGENT],
      ["a person token", personToken(), A_PERSON],
      ["an auth token", authToken(), TO_READ],
    ] as const
  ).map(([what, token, requirement]) =>
    refused(
      received(`refuses ${what} that is shown with another key's signature`, "13.1", {
        ...{ key: keys.other, token, requirement },
      }),
      { code: "invalid_signature", check: "signature", fetches: true, ...invalid },
    ),
  ),
  refused(
    received("refuses another method than was signed", "11.3.4, step 7", {
      received: { method: "DELETE" },
    }),
    {
      ...{ code: "invalid_signature", check: "signature", fetches: true, ...invalid },
    },
  ),
  refused(
    received("refuses a signature for another authority", "11.3.4, step 7", { authority: "other.example" }),
    {
      code: "invalid_signature",
      check: "signature",
      fetches: true,
      ...invalid,
    },
  ),
  refused(
    received("refuses another session token than was signed", "6.3", {
      fields: SESSION,
      components: [...BASE, "authorization"],
      received: { fields: { authorization: "AAuth session-2" } },
    }),
    { code: "invalid_signature", check: "signature", fetches: true, ...invalid },
  ),
  refused(
    received("refuses a keyid of another key", "11.3.3.2", {
      parameters: `;created=${NOW};keyid="${keys.other.thumbprint}"`,
    }),
    { code: "invalid_signature", check: "signature", fetches: true, ...invalid },
  ),
  refused(received("refuses an unsafe request twice", "11.3.4.2", { body: JSON_BODY, repeated: true }), {
    ...{ code: "signature_replayed", check: "replay", fetches: true, ...invalid },
  }),
  refused(
    received("refuses another body than was signed", "11.3.4, step 2", {
      body: JSON_BODY,
      received: { body: '{"a":2}' },
    }),
    {
      ...{ code: "digest_mismatch", check: "content-digest", fetches: true, ...because("invalid_input") },
    },
  ),
  refused(
    received("refuses another body whose digest has been exchanged, too", "11.3.4, step 7", {
      body: JSON_BODY,
      received: { body: '{"a":2}', fields: { "content-digest": digest('{"a":2}') } },
    }),
    { code: "invalid_signature", check: "signature", fetches: true, ...invalid },
  ),
  refused(
    received("refuses a body that no field announces and nothing covers", "11.3.3.1", {
      method: "POST",
      received: { body: JSON_BODY },
    }),
    { code: "digest_missing", check: "content-digest", fetches: true, ...because("invalid_input") },
  ),
];

// ----------------------------------------------------------------------------------------- servers

const AT_ACCESS_SERVER = {
  endpoint: "token",
  authority: "as.example",
  audience: undefined,
  trustedIssuers: undefined,
};
const byPersonServer = {
  signatureKey: person,
  key: keys.person,
  body: JSON_BODY,
  target: "/aauth/access/token",
};
const called = { requirement: A_SERVER, verifier: AT_ACCESS_SERVER };
const revoking = { ...called, verifier: { ...AT_ACCESS_SERVER, endpoint: "revocation" }, target: "/revoke" };
const personDocument = `${PERSON_SERVER}/.well-known/aauth-person.json`;

const servers: Case[] = [
  verified(received("accepts a person server at an access server", "9.1", { ...byPersonServer, ...called }), {
    ...{ level: "server", server: PERSON_SERVER },
  }),
  verified(
    received("accepts an agent provider at a revocation endpoint", "11.12.1", {
      ...{ ...revoking, body: JSON_BODY, key: keys.provider },
      signatureKey: ownName(PROVIDER, "aauth-agent.json", "ap-1"),
    }),
    { level: "server", server: PROVIDER },
  ),
  refused(
    received("refuses an agent provider at an access server", "11.3.2", {
      ...{ ...byPersonServer, ...called, key: keys.provider },
      signatureKey: ownName(PROVIDER, "aauth-agent.json", "ap-1"),
    }),
    { code: "unsupported_key", check: "key", ...because("invalid_key") },
  ),
  refused(
    received("refuses a dwk that is no document of AAuth", "11.2", {
      ...{ ...byPersonServer, ...revoking, signatureKey: ownName(PERSON_SERVER, "jwks.json", "ps-1") },
    }),
    { code: "unsupported_key", check: "key", ...because("invalid_key") },
  ),
  ...["https://ps.example:8443", "https://PS.example", "https://ps.example/", "http://ps.example"].map((id) =>
    refused(
      received(`refuses the id ${id}`, "11.1.1", {
        ...{ ...byPersonServer, ...revoking, signatureKey: ownName(id, "aauth-person.json", "ps-1") },
      }),
      { code: "unsupported_key", check: "key", ...because("invalid_key") },
    ),
  ),
  refused(
    received("refuses a server that is not on the list", "9.1", {
      ...{ ...byPersonServer, ...called },
      verifier: { ...AT_ACCESS_SERVER, trustedAgents: ["https://other.example"] },
    }),
    { code: "untrusted_agent", check: "key", status: 403 },
  ),
  refused(
    received("refuses a kid that the server does not publish", "11.4", {
      ...{
        ...byPersonServer,
        ...revoking,
        signatureKey: ownName(PERSON_SERVER, "aauth-person.json", "ps-9"),
      },
    }),
    { code: "unknown_key", check: "key", fetches: true, ...because("unknown_key") },
  ),
  refused(
    received("refuses a server that publishes nothing", "11.2", {
      ...{ ...byPersonServer, ...revoking },
      signatureKey: ownName("https://unknown.example", "aauth-person.json", "ps-1"),
    }),
    { code: "discovery_failed", check: "key", fetches: true, ...because("unknown_key") },
  ),
  refused(
    received("refuses a document that names another issuer", "11.2", {
      ...{ ...byPersonServer, ...revoking },
      documents: changedDocument(personDocument, { issuer: "https://other.example" }),
    }),
    { code: "metadata_mismatch", check: "key", fetches: true, ...because("issuer_mismatch") },
  ),
  refused(
    received("refuses a published key without alg", "11.3.1", {
      ...{ ...byPersonServer, ...revoking },
      documents: {
        [`${PERSON_SERVER}/jwks.json`]: { keys: [{ ...keys.person.jwk, d: undefined, kid: "ps-1" }] },
      },
    }),
    {
      ...{ code: "key_algorithm_not_allowed", check: "key", fetches: true },
      ...because("unsupported_algorithm", { "accept-signature-alg": "Ed25519, ES256" }),
    },
  ),
  refused(
    received("refuses an agent token where a server has to call", "11.3.2", {
      ...{ ...called, body: JSON_BODY, target: "/aauth/access/token" },
    }),
    {
      ...{ code: "unsupported_scheme", check: "scheme" },
      ...because("unsupported_scheme", { "accept-signature-scheme": "jwks_uri" }),
    },
  ),
  ...BODY.map((name) => uncovered(name, [...BASE, ...BODY], { ...byPersonServer, ...revoking })),
];

export const draft11Requests: Readonly<Record<string, VectorFile>> = {
  "draft-11/requests.json": requestsFile([
    ...accepted,
    ...malformedFields,
    ...coverage,
    ...times,
    ...schemes,
    ...signatures,
  ]),
  "draft-11/server-requests.json": requestsFile(servers),
};
