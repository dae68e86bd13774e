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
const WITH_SESSION = { fields: SESSION, components: [...BASE, "authorization"] };

/** A request to a resource that demands the query. */
const demanding = (target: string, components = [...BASE, "@query"]) => ({
  target,
  components,
  verifier: { additionalComponents: ["@query"] },
});

type Request = Omit<Judged, "title" | "section">;
type Because = ReturnType<typeof because>;

const accepts = (title: string, section: string, request: Request = {}): Case =>
  verified(received(`accepts ${title}`, section, request));
const ofP256 = { key: keys.es256, token: agentToken({ claims: { cnf: { jwk: keys.es256.publicJwk } } }) };
const another = { label: "x1", signatureKey: `x1=jwt;jwt="${agentToken()}"` };

const accepted: Case[] = [
  accepts("a request with an agent token", "11.3.4"),
  accepts("a body that is covered", "11.3.3.1", { body: JSON_BODY }),
  accepts("a signature of ES256", "11.3.1", ofP256),
  accepts("any label", "11.3.2", another),
  verified(
    received("ignores other members of Signature-Key", "K 3", {
      signatureKey: `sig1=hwk;kty="OKP", sig=jwt;jwt="${agentToken()}"`,
    }),
  ),
  accepts("components in another order, and more of them", "11.3.3.1", {
    fields: { "x-tenant": "a" },
    components: ["signature-key", "x-tenant", "@path", "@authority", "@method"],
  }),
  accepts("a keyid that is the key's thumbprint", "11.3.3.2", {
    parameters: `;created=${NOW};keyid="${keys.agent.thumbprint}"`,
  }),
  verified(
    received("ignores the parameter alg", "11.3.3.2", {
      parameters: `;created=${NOW};alg="rsa-v1_5-sha256"`,
    }),
  ),
  accepts("a query that is covered", "11.2.4", demanding("/data?scope=a&b=%20")),
  verified(received("covers an absent query as a question mark", "RFC 9421, 2.2.7", demanding("/data"))),
  accepts("a query that is not covered where it need not be", "11.3.3.1", { target: "/data?a=1" }),
  accepts("a session token that is covered", "6.3", WITH_SESSION),
  accepts("a safe request twice", "11.3.4.2", { repeated: true }),
  ...[-60, 60].map((seconds) =>
    accepts(`a signature made ${seconds} s from now`, "11.3.4, step 3", {
      parameters: `;created=${NOW + seconds}`,
    }),
  ),
];

/** Refusals of one step: by one check, for one reason. */
const refusals =
  (step: string, check: string, why: Because, fetches?: true) =>
  (title: string, code: string, request: Request, section = `11.3.4, step ${step}`): Case =>
    refused(received(`refuses ${title}`, section, request), {
      code,
      check,
      ...(fetches && { fetches }),
      ...why,
    });

const uncovered = (name: string, names: readonly string[], more: Request = {}) =>
  refusals("2", "coverage", required(names))(
    `a request that does not cover ${name}`,
    "insufficient_coverage",
    { ...more, components: without(more.components ?? names, name) },
  );

const unread = refusals("1", "headers", invalid);
const unsigned = because("invalid_signature", { "aauth-requirement": "requirement=agent-token" });
const signatureOf = (member: string) => ({ received: { fields: { signature: member } } });
const malformedFields: Case[] = [
  ...["signature-key", "signature-input", "signature"].map((name) =>
    refusals("1", "headers", unsigned)(`a request without ${name}`, "missing_signature", {
      received: { fields: { [name]: undefined } },
    }),
  ),
  unread("Signature-Key without a member for the signature's label", "label_mismatch", {
    signatureKey: `other=jwt;jwt="${agentToken()}"`,
  }),
  unread(
    "Signature with another label",
    "label_mismatch",
    signatureOf(`sig2=:${Buffer.alloc(64, 1).toString("base64")}:`),
  ),
  unread(
    "a signature in base64url",
    "malformed_signature",
    signatureOf(`sig=:${Buffer.alloc(64, 251).toString("base64url")}:`),
  ),
  unread("Signature-Key in the form of February 2026", "malformed_signature_key", {
    signatureKey: `sig1=(scheme=jwt jwt="${agentToken()}")`,
  }),
];

const coverage: Case[] = [
  ...BASE.map((name) => uncovered(name, BASE)),
  ...BODY.map((name) => uncovered(name, [...BASE, ...BODY], { body: JSON_BODY })),
  uncovered("authorization", [...BASE, "authorization"], { fields: SESSION }),
  uncovered("@query", [...BASE, "@query"], demanding("/data?scope=a")),
];

const late = refusals("3", "created", invalid);
const created = (seconds: number) => ({ parameters: `;created=${NOW + seconds}` });
const times: Case[] = [
  late("a signature that is 61 s old", "created_out_of_window", created(-61)),
  refusals("3", "created", because("clock_skew"))(
    "a signature that is 61 s ahead",
    "created_out_of_window",
    created(61),
  ),
  late("a signature without created", "created_missing", { parameters: "" }),
  late("a signature that has expired", "signature_expired", {
    parameters: `;created=${NOW};expires=${NOW}`,
  }),
];

const jwtOnly = because("unsupported_scheme", { "accept-signature-scheme": "jwt" });
const unknownScheme = refusals("4", "scheme", jwtOnly);
const person = ownName(PERSON_SERVER, "aauth-person.json", "ps-1");
const schemes: Case[] = [
  ...['hwk;kty="OKP";crv="Ed25519";x="a";alg="Ed25519"', 'self-jwt;jwt="a"', "x509", "x-unregistered"].map(
    (member) =>
      unknownScheme(`scheme ${member.split(";")[0]}`, "unsupported_scheme", {
        signatureKey: `sig=${member}`,
      }),
  ),
  unknownScheme(
    "a server's own name where an agent has to call",
    "unsupported_scheme",
    { signatureKey: person, key: keys.person },
    "11.3.2",
  ),
];

const notSigned = (title: string, section: string, request: Request) =>
  refusals("7", "signature", invalid, true)(title, "invalid_signature", request, section);
const changedBody = { body: JSON_BODY, received: { body: '{"a":2}' } };
const signatures: Case[] = [
  ...(
    [
      ["an agent token", agentToken(), ANY_AGENT],
      ["a person token", personToken(), A_PERSON],
      ["an auth token", authToken(), TO_READ],
    ] as const
  ).map(([what, token, requirement]) =>
    notSigned(`${what} that is shown with another key's signature`, "13.1", {
      key: keys.other,
      token,
      requirement,
    }),
  ),
  notSigned("another method than was signed", "11.3.4, step 7", { received: { method: "DELETE" } }),
  notSigned("a signature for another authority", "11.3.4, step 7", { authority: "other.example" }),
  notSigned("another session token than was signed", "6.3", {
    ...WITH_SESSION,
    received: { fields: { authorization: "AAuth session-2" } },
  }),
  notSigned("a keyid of another key", "11.3.3.2", {
    parameters: `;created=${NOW};keyid="${keys.other.thumbprint}"`,
  }),
  refusals("", "replay", invalid, true)(
    "an unsafe request twice",
    "signature_replayed",
    { body: JSON_BODY, repeated: true },
    "11.3.4.2",
  ),
  refusals(
    "2",
    "content-digest",
    because("invalid_input"),
    true,
  )("another body than was signed", "digest_mismatch", changedBody),
  notSigned("another body whose digest has been exchanged, too", "11.3.4, step 7", {
    body: JSON_BODY,
    received: { body: '{"a":2}', fields: { "content-digest": digest('{"a":2}') } },
  }),
  refusals("", "content-digest", because("invalid_input"), true)(
    "a body that no field announces and nothing covers",
    "digest_missing",
    { method: "POST", received: { body: JSON_BODY } },
    "11.3.3.1",
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

const atRevocation = { ...byPersonServer, ...revoking };
const ofKey = (why: Because, fetches?: true) => refusals("", "key", why, fetches);
const badKey = ofKey(because("invalid_key"));
const unknownKey = ofKey(because("unknown_key"), true);

const servers: Case[] = [
  verified(received("accepts a person server at an access server", "9.1", { ...byPersonServer, ...called }), {
    level: "server",
    server: PERSON_SERVER,
  }),
  verified(
    received("accepts an agent provider at a revocation endpoint", "11.12.1", {
      ...revoking,
      body: JSON_BODY,
      key: keys.provider,
      signatureKey: ownName(PROVIDER, "aauth-agent.json", "ap-1"),
    }),
    { level: "server", server: PROVIDER },
  ),
  badKey(
    "an agent provider at an access server",
    "unsupported_key",
    {
      ...byPersonServer,
      ...called,
      key: keys.provider,
      signatureKey: ownName(PROVIDER, "aauth-agent.json", "ap-1"),
    },
    "11.3.2",
  ),
  badKey(
    "a dwk that is no document of AAuth",
    "unsupported_key",
    { ...atRevocation, signatureKey: ownName(PERSON_SERVER, "jwks.json", "ps-1") },
    "11.2",
  ),
  ...["https://ps.example:8443", "https://PS.example", "https://ps.example/", "http://ps.example"].map((id) =>
    badKey(
      `the id ${id}`,
      "unsupported_key",
      { ...atRevocation, signatureKey: ownName(id, "aauth-person.json", "ps-1") },
      "11.1.1",
    ),
  ),
  refused(
    received("refuses a server that is not on the list", "9.1", {
      ...byPersonServer,
      ...called,
      verifier: { ...AT_ACCESS_SERVER, agentProviders: ["https://other.example"] },
    }),
    { code: "untrusted_agent", check: "key", status: 403 },
  ),
  unknownKey(
    "a kid that the server does not publish",
    "unknown_key",
    { ...atRevocation, signatureKey: ownName(PERSON_SERVER, "aauth-person.json", "ps-9") },
    "11.4",
  ),
  unknownKey(
    "a server that publishes nothing",
    "discovery_failed",
    { ...atRevocation, signatureKey: ownName("https://unknown.example", "aauth-person.json", "ps-1") },
    "11.2",
  ),
  ofKey(because("issuer_mismatch"), true)(
    "a document that names another issuer",
    "metadata_mismatch",
    { ...atRevocation, documents: changedDocument(personDocument, { issuer: "https://other.example" }) },
    "11.2",
  ),
  ofKey(because("unsupported_algorithm", { "accept-signature-alg": "Ed25519, ES256" }), true)(
    "a published key without alg",
    "key_algorithm_not_allowed",
    {
      ...atRevocation,
      documents: {
        [`${PERSON_SERVER}/jwks.json`]: { keys: [{ ...keys.person.jwk, d: undefined, kid: "ps-1" }] },
      },
    },
    "11.3.1",
  ),
  refusals("", "scheme", because("unsupported_scheme", { "accept-signature-scheme": "jwks_uri" }))(
    "an agent token where a server has to call",
    "unsupported_scheme",
    { ...called, body: JSON_BODY, target: "/aauth/access/token" },
    "11.3.2",
  ),
  ...BODY.map((name) => uncovered(name, [...BASE, ...BODY], atRevocation)),
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
