/** Signed requests of draft -11, and what a verifier says of each. */

import {
  A_PERSON,
  A_SERVER,
  ACCESS_SERVER,
  AGENT,
  ANY_AGENT,
  agentToken,
  authToken,
  BASE,
  BODY,
  because,
  documents,
  type Judged,
  NOW,
  ownName,
  PERSON,
  PERSON_SERVER,
  PROVIDER,
  personToken,
  RESOURCE,
  refused,
  TO_READ,
  type TokenChange,
  theAgent,
  thePerson,
  unsigned,
  verified,
} from "./draft-11-parties.ts";
import { keys } from "./keys.ts";
import { type Case, digest, type VectorFile } from "./messages.ts";

const ABOUT =
  "A received request, judged at `now` by a verifier with the given configuration, for a route with the given requirement; documents.json has what it fetches, `documents` what is there instead. The value is what was signed, and the caller. An error has the name of this project's code and check, and what the other party sees: status and fields of the answer, where a resource token stands for any. `fetches` says whether a document may have been fetched.";

const without = (names: readonly string[], name: string) => names.filter((other) => other !== name);
const listOf = (names: readonly string[]) => `(${names.map((name) => `"${name}"`).join(" ")})`;
const invalid = because("invalid_signature");
const required = (names: readonly string[]) => because(`invalid_input, required_input=${listOf(names)}`);
const of = (title: string, section: string, more: Omit<Judged, "title" | "section"> = {}): Judged => ({
  ...{ title, section, ...more },
});

// ----------------------------------------------------------------------------------------------------------------- message

const JSON_BODY = '{"a":1}';
const SESSION = { authorization: "AAuth session-1" };

/** A request to a resource that demands the query. */
const demanding = (target: string, components = [...BASE, "@query"]) => ({
  ...{ target, components, verifier: { additionalComponents: ["@query"] } },
});

const accepted: Case[] = [
  verified(of("accepts a request with an agent token", "section 11.3.4")),
  verified(of("accepts a body that is covered", "section 11.3.3.1", { body: JSON_BODY })),
  verified(
    of("accepts a signature of ES256", "section 11.3.1", {
      key: keys.es256,
      token: agentToken({ claims: { cnf: { jwk: keys.es256.publicJwk } } }),
    }),
  ),
  verified(
    of("accepts any label", "section 11.3.2", { label: "x1", signatureKey: `x1=jwt;jwt="${agentToken()}"` }),
  ),
  verified(
    of("ignores other members of Signature-Key", "K 3", {
      signatureKey: `sig1=hwk;kty="OKP", sig=jwt;jwt="${agentToken()}"`,
    }),
  ),
  verified(
    of("accepts components in another order, and more of them", "section 11.3.3.1", {
      fields: { "x-tenant": "a" },
      components: ["signature-key", "x-tenant", "@path", "@authority", "@method"],
    }),
  ),
  verified(
    of("accepts a keyid that is the key's thumbprint", "section 11.3.3.2", {
      parameters: `;created=${NOW};keyid="${keys.agent.thumbprint}"`,
    }),
  ),
  verified(of("ignores alg", "section 11.3.3.2", { parameters: `;created=${NOW};alg="rsa-v1_5-sha256"` })),
  verified(of("accepts a query that is covered", "section 11.2.4", demanding("/data?scope=a&b=%20"))),
  verified(of("covers an absent query as a question mark", "RFC 9421, 2.2.7", demanding("/data"))),
  verified(
    of("accepts a query that is not covered where it need not be", "section 11.3.3.1", {
      target: "/data?a=1",
    }),
  ),
  verified(
    of("accepts a session token that is covered", "section 6.3", {
      fields: SESSION,
      components: [...BASE, "authorization"],
    }),
  ),
  verified(of("accepts a safe request twice", "section 11.3.4.2", { repeated: true })),
  ...[-60, 60].map((seconds) =>
    verified(
      of(`accepts a signature made ${seconds} s from now`, "section 11.3.4, step 3", {
        parameters: `;created=${NOW + seconds}`,
      }),
    ),
  ),
];

const uncovered = (name: string, names: readonly string[], more: Omit<Judged, "title" | "section"> = {}) =>
  refused(
    of(`refuses a request that does not cover ${name}`, "section 11.3.4, step 2", {
      ...more,
      components: without(more.components ?? names, name),
    }),
    { code: "insufficient_coverage", check: "coverage", ...required(names) },
  );

const malformedFields: Case[] = [
  ...["signature-key", "signature-input", "signature"].map((name) =>
    refused(
      of(`refuses a request without ${name}`, "section 11.3.4, step 1", {
        received: { fields: { [name]: undefined } },
      }),
      {
        ...{ code: "missing_signature", check: "headers" },
        ...because("invalid_signature", { "aauth-requirement": "requirement=agent-token" }),
      },
    ),
  ),
  refused(
    of("refuses Signature-Key without a member for the signature's label", "section 11.3.4, step 1", {
      signatureKey: `other=jwt;jwt="${agentToken()}"`,
    }),
    { code: "label_mismatch", check: "headers", ...invalid },
  ),
  refused(
    of("refuses Signature with another label", "section 11.3.4, step 1", {
      received: { fields: { signature: `sig2=:${Buffer.alloc(64, 1).toString("base64")}:` } },
    }),
    { code: "label_mismatch", check: "headers", ...invalid },
  ),
  refused(
    of("refuses a signature in base64url", "section 11.3.4, step 1", {
      received: { fields: { signature: `sig=:${Buffer.alloc(64, 251).toString("base64url")}:` } },
    }),
    { code: "malformed_signature", check: "headers", ...invalid },
  ),
  refused(
    of("refuses Signature-Key in the form of February 2026", "section 11.3.4, step 1", {
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
    of("refuses a signature that is 61 s old", "section 11.3.4, step 3", {
      parameters: `;created=${NOW - 61}`,
    }),
    { code: "created_out_of_window", check: "created", ...invalid },
  ),
  refused(
    of("refuses a signature that is 61 s ahead", "section 11.3.4, step 3", {
      parameters: `;created=${NOW + 61}`,
    }),
    { code: "created_out_of_window", check: "created", ...because("clock_skew") },
  ),
  refused(of("refuses a signature without created", "section 11.3.4, step 3", { parameters: "" }), {
    ...{ code: "created_missing", check: "created", ...invalid },
  }),
  refused(
    of("refuses a signature that has expired", "section 11.3.4, step 3", {
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
        of(`refuses scheme ${member.split(";")[0]}`, "section 11.3.4, step 4", {
          signatureKey: `sig=${member}`,
        }),
        { code: "unsupported_scheme", check: "scheme", ...jwtOnly },
      ),
  ),
  refused(
    of("refuses a server's own name where an agent has to call", "section 11.3.2", {
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
      of(`refuses ${what} that is shown with another key's signature`, "section 13.1", {
        ...{ key: keys.other, token, requirement },
      }),
      { code: "invalid_signature", check: "signature", fetches: true, ...invalid },
    ),
  ),
  refused(
    of("refuses another method than was signed", "section 11.3.4, step 7", {
      received: { method: "DELETE" },
    }),
    {
      ...{ code: "invalid_signature", check: "signature", fetches: true, ...invalid },
    },
  ),
  refused(
    of("refuses a signature for another authority", "section 11.3.4, step 7", { authority: "other.example" }),
    { code: "invalid_signature", check: "signature", fetches: true, ...invalid },
  ),
  refused(
    of("refuses another session token than was signed", "section 6.3", {
      fields: SESSION,
      components: [...BASE, "authorization"],
      received: { fields: { authorization: "AAuth session-2" } },
    }),
    { code: "invalid_signature", check: "signature", fetches: true, ...invalid },
  ),
  refused(
    of("refuses a keyid of another key", "section 11.3.3.2", {
      parameters: `;created=${NOW};keyid="${keys.other.thumbprint}"`,
    }),
    { code: "invalid_signature", check: "signature", fetches: true, ...invalid },
  ),
  refused(of("refuses an unsafe request twice", "section 11.3.4.2", { body: JSON_BODY, repeated: true }), {
    ...{ code: "signature_replayed", check: "replay", fetches: true, ...invalid },
  }),
  refused(
    of("refuses another body than was signed", "section 11.3.4, step 2", {
      body: JSON_BODY,
      received: { body: '{"a":2}' },
    }),
    {
      ...{ code: "digest_mismatch", check: "content-digest", fetches: true, ...because("invalid_input") },
    },
  ),
  refused(
    of("refuses another body whose digest has been exchanged, too", "section 11.3.4, step 7", {
      body: JSON_BODY,
      received: { body: '{"a":2}', fields: { "content-digest": digest('{"a":2}') } },
    }),
    { code: "invalid_signature", check: "signature", fetches: true, ...invalid },
  ),
  refused(
    of("refuses a body that no field announces and nothing covers", "section 11.3.3.1", {
      method: "POST",
      received: { body: JSON_BODY },
    }),
    { code: "digest_missing", check: "content-digest", fetches: true, ...because("invalid_input") },
  ),
];

// ----------------------------------------------------------------------------------------------------------------- servers

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
const changedDocument = (address: string, members: object) => ({
  [address]: { ...(documents[address] as object), ...members },
});

const servers: Case[] = [
  verified(
    of("accepts a person server at an access server", "section 9.1", { ...byPersonServer, ...called }),
    {
      ...{ level: "server", server: PERSON_SERVER },
    },
  ),
  verified(
    of("accepts an agent provider at a revocation endpoint", "section 11.12.1", {
      ...{ ...revoking, body: JSON_BODY, key: keys.provider },
      signatureKey: ownName(PROVIDER, "aauth-agent.json", "ap-1"),
    }),
    { level: "server", server: PROVIDER },
  ),
  refused(
    of("refuses an agent provider at an access server", "section 11.3.2", {
      ...{ ...byPersonServer, ...called, key: keys.provider },
      signatureKey: ownName(PROVIDER, "aauth-agent.json", "ap-1"),
    }),
    { code: "unsupported_key", check: "key", ...because("invalid_key") },
  ),
  refused(
    of("refuses a dwk that is no document of AAuth", "section 11.2", {
      ...{ ...byPersonServer, ...revoking, signatureKey: ownName(PERSON_SERVER, "jwks.json", "ps-1") },
    }),
    { code: "unsupported_key", check: "key", ...because("invalid_key") },
  ),
  ...["https://ps.example:8443", "https://PS.example", "https://ps.example/", "http://ps.example"].map((id) =>
    refused(
      of(`refuses the id ${id}`, "section 11.1.1", {
        ...{ ...byPersonServer, ...revoking, signatureKey: ownName(id, "aauth-person.json", "ps-1") },
      }),
      { code: "unsupported_key", check: "key", ...because("invalid_key") },
    ),
  ),
  refused(
    of("refuses a server that is not on the list", "section 9.1", {
      ...{ ...byPersonServer, ...called },
      verifier: { ...AT_ACCESS_SERVER, trustedAgents: ["https://other.example"] },
    }),
    { code: "untrusted_agent", check: "key", status: 403 },
  ),
  refused(
    of("refuses a kid that the server does not publish", "section 11.4", {
      ...{
        ...byPersonServer,
        ...revoking,
        signatureKey: ownName(PERSON_SERVER, "aauth-person.json", "ps-9"),
      },
    }),
    { code: "unknown_key", check: "key", fetches: true, ...because("unknown_key") },
  ),
  refused(
    of("refuses a server that publishes nothing", "section 11.2", {
      ...{ ...byPersonServer, ...revoking },
      signatureKey: ownName("https://unknown.example", "aauth-person.json", "ps-1"),
    }),
    { code: "discovery_failed", check: "key", fetches: true, ...because("unknown_key") },
  ),
  refused(
    of("refuses a document that names another issuer", "section 11.2", {
      ...{ ...byPersonServer, ...revoking },
      documents: changedDocument(personDocument, { issuer: "https://other.example" }),
    }),
    { code: "metadata_mismatch", check: "key", fetches: true, ...because("issuer_mismatch") },
  ),
  refused(
    of("refuses a published key without alg", "section 11.3.1", {
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
    of("refuses an agent token where a server has to call", "section 11.3.2", {
      ...{ ...called, body: JSON_BODY, target: "/aauth/access/token" },
    }),
    {
      ...{ code: "unsupported_scheme", check: "scheme" },
      ...because("unsupported_scheme", { "accept-signature-scheme": "jwks_uri" }),
    },
  ),
  ...BODY.map((name) => uncovered(name, [...BASE, ...BODY], { ...byPersonServer, ...revoking })),
];

// ------------------------------------------------------------------------------------------------------------------ tokens

const agentProvider = `${PROVIDER}/.well-known/aauth-agent.json`;

/** A token that is refused. */
const badToken =
  (issue: (change?: TokenChange) => string, requirement: object) =>
  (
    title: string,
    section: string,
    change: TokenChange | string,
    code: string,
    error: string,
    more: Omit<Judged, "title" | "section"> & {
      readonly fetches?: true;
      readonly fields?: Record<string, string>;
    } = {},
  ): Case => {
    const { fetches, fields, ...judged } = more;
    const token = typeof change === "string" ? change : issue(change);
    return refused(of(title, section, { token, requirement, ...judged }), {
      ...{ code, check: "token", ...(fetches && { fetches }), ...because(error, fields) },
    });
  };

const claims = (members: Readonly<Record<string, unknown>>): TokenChange => ({ claims: members });
const header = (members: Readonly<Record<string, unknown>>): TokenChange => ({ header: members });
const FETCHED = { fetches: true } as const;
const asAgent = { "aauth-requirement": "requirement=agent-token" };
const asPerson = { "aauth-requirement": "requirement=person-token" };

/** What is wrong with a token of any of the three types that requests are signed with. */
function commonToAll(
  issue: (change?: TokenChange) => string,
  requirement: object,
  jti: string,
  renewed: Record<string, string>,
) {
  const bad = badToken(issue, requirement);
  return [
    ...["iss", "dwk", "jti", "exp"].map((name) =>
      bad(
        `refuses a token without ${name}`,
        "section 11.5.1",
        claims({ [name]: undefined }),
        "token_claim_missing",
        "invalid_jwt",
      ),
    ),
    bad(
      "refuses a token without iat",
      "section 11.5.1",
      claims({ iat: undefined }),
      "token_claim_missing",
      "invalid_jwt",
    ),
    bad(
      "refuses a token without kid",
      "section 11.5.1",
      header({ kid: undefined }),
      "token_claim_missing",
      "invalid_jwt",
    ),
    bad(
      "refuses a token without cnf",
      "section 11.3.4, step 6",
      claims({ cnf: undefined }),
      "token_claim_missing",
      "invalid_jwt",
    ),
    ...["none", "HS256", "EdDSA"].map((alg) =>
      bad(
        `refuses a token of alg ${alg}`,
        "section 11.3.1",
        header({ alg }),
        "token_algorithm_not_allowed",
        "invalid_jwt",
      ),
    ),
    ...([undefined, "EdDSA", "none"] as const).map((alg) =>
      bad(
        `refuses a confirmation key ${alg === undefined ? "without alg" : `of alg ${alg}`}`,
        "section 11.3.1",
        claims({ cnf: { jwk: { ...keys.agent.publicJwk, alg } } }),
        "key_algorithm_not_allowed",
        "unsupported_algorithm",
        { fields: { "accept-signature-alg": "Ed25519, ES256" } },
      ),
    ),
    bad(
      "refuses a confirmation key whose crv does not fit its alg",
      "section 11.3.4, step 6",
      claims({ cnf: { jwk: { ...keys.agent.publicJwk, crv: "P-256" } } }),
      "unsupported_key",
      "invalid_key",
    ),
    bad(
      "refuses a dwk of another kind of party",
      "section 11.2",
      claims({ dwk: "aauth-resource.json" }),
      "malformed_token",
      "invalid_jwt",
    ),
    bad(
      "refuses a token that its issuer has not signed",
      "section 11.3.4, step 5",
      unsigned(issue()),
      "invalid_token_signature",
      "invalid_jwt",
      FETCHED,
    ),
    bad(
      "refuses a kid that is not published",
      "section 11.4",
      header({ kid: "x" }),
      "unknown_key",
      "unknown_key",
      FETCHED,
    ),
    bad(
      "refuses a token that expires now",
      "section 11.5.2",
      claims({ iat: NOW - 3_600, exp: NOW }),
      "token_expired",
      "expired_jwt",
      {
        ...FETCHED,
        fields: renewed,
      },
    ),
    bad(
      "refuses a token whose iat is 61 s ahead",
      "section 11.5.2",
      claims({ iat: NOW + 61, exp: NOW + 3_600 }),
      "token_not_yet_valid",
      "clock_skew",
      FETCHED,
    ),
    bad("refuses a token that has been revoked", "section 11.12.5", {}, "token_revoked", "revoked_jwt", {
      ...FETCHED,
      ...{ fields: renewed, verifier: { revoked: [jti] } },
    }),
  ];
}

const badAgent = badToken(agentToken, ANY_AGENT);
const agentTokens: Case[] = [
  verified(
    of("accepts an agent token signed with ES256", "section 11.3.1", {
      token: agentToken({ signer: keys.providerEs256 }),
    }),
  ),
  verified(
    of("accepts an agent token without person server", "section 5.3", {
      token: agentToken(claims({ ps: undefined })),
    }),
  ),
  verified(
    of("accepts the agent token of a sub-agent", "section 10.2", {
      token: agentToken(claims({ sub: "aauth:planner+search@agent.example", parent_agent: AGENT })),
    }),
    { ...theAgent, agent: "aauth:planner+search@agent.example" },
  ),
  verified(
    of("accepts a token whose iat is 60 s ahead", "section 11.5.2", {
      token: agentToken(claims({ iat: NOW + 60 })),
    }),
  ),
  verified(
    of("accepts a key set with another key that cannot be used", "section 11.4", {
      documents: {
        [`${PROVIDER}/jwks.json`]: {
          keys: [
            { kty: "oct", k: "AAAA", kid: "x" },
            { ...keys.provider.publicJwk, kid: "ap-1" },
          ],
        },
      },
    }),
  ),
  ...commonToAll(agentToken, ANY_AGENT, "agent-token-1", asAgent),
  ...["aa-resource+jwt", "agent+jwt", "JWT", undefined].map((typ) =>
    badAgent(
      `refuses the type ${typ}`,
      "section 13.11",
      header({ typ }),
      "token_type_mismatch",
      "invalid_jwt",
      { fields: asAgent },
    ),
  ),
  badAgent(
    "refuses a person token where an agent token is needed",
    "section 6.1",
    personToken(),
    "token_type_mismatch",
    "invalid_jwt",
    {
      fields: asAgent,
    },
  ),
  badAgent(
    "refuses an agent token without sub",
    "section 5.3",
    claims({ sub: undefined }),
    "token_claim_missing",
    "invalid_jwt",
  ),
  badAgent(
    "refuses an agent of another provider",
    "section 5.1",
    claims({ sub: "aauth:planner@other.example" }),
    "malformed_token",
    "invalid_jwt",
  ),
  badAgent(
    "refuses a parent of another provider",
    "section 10.2",
    claims({ parent_agent: "aauth:planner@other.example" }),
    "malformed_token",
    "invalid_jwt",
  ),
  badAgent(
    "refuses a person server that is no server identifier",
    "section 5.3",
    claims({ ps: "https://ps.example/x" }),
    "malformed_token",
    "invalid_jwt",
  ),
  ...[
    "https://agent.example:8443",
    "https://agent.example/x",
    "https://Agent.example",
    "https://agent.example/",
  ].map((iss) =>
    badAgent(
      `refuses the issuer ${iss}`,
      "section 11.1.1",
      claims({ iss }),
      "malformed_token",
      "invalid_jwt",
    ),
  ),
  ...["127.0.0.1", "localhost", "10.0.0.1"].map((host) =>
    badAgent(
      `refuses the issuer https://${host}, which must not be fetched from`,
      "section 11.2",
      claims({ iss: `https://${host}`, sub: `aauth:planner@${host}` }),
      "discovery_blocked",
      "unknown_key",
    ),
  ),
  badAgent(
    "refuses a document that names another issuer",
    "section 11.2",
    {},
    "metadata_mismatch",
    "issuer_mismatch",
    {
      ...FETCHED,
      documents: changedDocument(agentProvider, { issuer: "https://other.example" }),
    },
  ),
  badAgent(
    "refuses a document without issuer",
    "section 11.2",
    {},
    "metadata_issuer_missing",
    "issuer_missing",
    {
      ...FETCHED,
      documents: changedDocument(agentProvider, { issuer: undefined }),
    },
  ),
  badAgent(
    "refuses an agent provider that is not on the list",
    "section 11.3.4, step 5",
    {},
    "untrusted_issuer",
    "invalid_jwt",
    {
      verifier: { trustedAgents: ["https://other.example"] },
    },
  ),
  badAgent(
    "refuses a sub-agent at a token endpoint",
    "section 10.2.2",
    claims({ sub: "aauth:planner+search@agent.example", parent_agent: AGENT }),
    "token_agent_mismatch",
    "invalid_jwt",
    {
      ...{ ...FETCHED, body: "{}", target: "/aauth/token" },
      verifier: {
        endpoint: "token",
        authority: "ps.example",
        audience: undefined,
        trustedIssuers: undefined,
      },
    },
  ),
];

const badPerson = badToken(personToken, A_PERSON);
const personTokens: Case[] = [
  verified(
    of("accepts a person token", "section 7.1", { token: personToken(), requirement: A_PERSON }),
    thePerson,
  ),
  verified(
    of("accepts an audience that is an array of one", "section 7.1.4", {
      ...{ token: personToken(claims({ aud: [RESOURCE] })), requirement: A_PERSON },
    }),
    thePerson,
  ),
  verified(
    of("accepts tenant and mission", "section 7.1.2", {
      token: personToken(claims({ tenant: "acme", mission_s256: "m-1" })),
      requirement: A_PERSON,
    }),
    thePerson,
  ),
  refused(of("asks an agent for a person token", "section 6.1", { requirement: A_PERSON }), {
    ...{ code: "person_required", check: "requirement", fetches: true, fields: asPerson },
  }),
  ...commonToAll(personToken, A_PERSON, "person-token-1", asPerson),
  ...["sub", "aud"].map((name) =>
    badPerson(
      `refuses a person token without ${name}`,
      "section 7.1.2",
      claims({ [name]: undefined }),
      "token_claim_missing",
      "invalid_jwt",
    ),
  ),
  ...["scope", "account"].map((name) =>
    badPerson(
      `refuses a person token with ${name}`,
      "section 7.1.1",
      claims({ [name]: "data.read" }),
      "malformed_token",
      "invalid_jwt",
    ),
  ),
  badPerson(
    "refuses a person token that lives longer than an hour",
    "section 7.1.1",
    claims({ exp: NOW + 3_601 }),
    "malformed_token",
    "invalid_jwt",
  ),
  badPerson(
    "refuses a person token for another resource",
    "section 7.1.4",
    claims({ aud: "https://other.example" }),
    "token_audience_mismatch",
    "invalid_jwt",
    {
      fields: asPerson,
    },
  ),
  badPerson(
    "refuses an audience of two",
    "section 7.1.4",
    claims({ aud: [RESOURCE, "https://other.example"] }),
    "malformed_token",
    "invalid_jwt",
  ),
  badPerson(
    "refuses a person server that is not trusted",
    "section 7.1.4",
    claims({ iss: "https://evil.example" }),
    "untrusted_issuer",
    "invalid_jwt",
  ),
  badPerson(
    "refuses an auth token that is called a person token",
    "section 13.11",
    authToken({ header: { typ: "aa-person+jwt" }, claims: { dwk: "aauth-person.json" } }),
    "malformed_token",
    "invalid_jwt",
  ),
];

const theReader = { level: "auth-token", scopes: ["data.read"], person: { iss: ACCESS_SERVER, sub: PERSON } };
const byPerson = { signer: keys.person, claims: { iss: PERSON_SERVER, dwk: "aauth-person.json" } };
const withToken = { "aauth-requirement": "requirement=auth-token; resource-token" };
const asks = { check: "requirement", fetches: true } as const;
const badAuth = badToken(authToken, TO_READ);
const authTokens: Case[] = [
  verified(
    of("accepts an auth token of an access server", "section 9.4", {
      token: authToken(),
      requirement: TO_READ,
    }),
    theReader,
  ),
  verified(
    of("accepts an auth token of a person server", "section 9.4", {
      token: authToken(byPerson),
      requirement: TO_READ,
    }),
    {
      ...{ ...theReader, person: { iss: PERSON_SERVER, sub: PERSON } },
    },
  ),
  verified(
    of("accepts an auth token for the account that is needed", "section 9.4.1", {
      token: authToken(claims({ account: "acme-eu" })),
      requirement: { ...TO_READ, account: "acme-eu" },
    }),
    theReader,
  ),
  verified(
    of("accepts an auth token where a person token is enough", "section 6.1", {
      token: authToken(),
      requirement: A_PERSON,
    }),
    theReader,
  ),
  refused(of("asks an agent for a person token first", "section 6.7", { requirement: TO_READ }), {
    ...{ ...asks, code: "person_required", fields: asPerson },
  }),
  refused(
    of("asks for an auth token where a person token is shown", "section 6.7", {
      token: personToken(),
      requirement: TO_READ,
    }),
    {
      ...{ ...asks, code: "authorization_required", fields: withToken },
    },
  ),
  refused(
    of("asks for another auth token where a scope is missing", "section 6.5", {
      token: authToken(claims({ scope: "data.write" })),
      requirement: TO_READ,
    }),
    { ...asks, code: "insufficient_scope", fields: withToken },
  ),
  refused(
    of("asks for another auth token where it is for another account", "section 6.5", {
      token: authToken(claims({ account: "other" })),
      requirement: { ...TO_READ, account: "acme-eu" },
    }),
    { ...asks, code: "authorization_required", fields: withToken },
  ),
  ...commonToAll(authToken, TO_READ, "auth-token-1", asPerson),
  ...["sub", "aud", "ps"].map((name) =>
    badAuth(
      `refuses an auth token without ${name}`,
      "section 9.4.1",
      claims({ [name]: undefined }),
      "token_claim_missing",
      "invalid_jwt",
    ),
  ),
  badAuth(
    "refuses an auth token that lives longer than an hour",
    "section 9.4.1",
    claims({ exp: NOW + 3_601 }),
    "malformed_token",
    "invalid_jwt",
  ),
  badAuth(
    "refuses an auth token for another resource",
    "section 9.4.3",
    claims({ aud: "https://other.example" }),
    "token_audience_mismatch",
    "invalid_jwt",
    {
      fields: asPerson,
    },
  ),
  badAuth(
    "refuses an issuer that is not trusted",
    "section 9.4.3",
    claims({ iss: "https://evil.example" }),
    "untrusted_issuer",
    "invalid_jwt",
  ),
  badAuth(
    "refuses a person server's auth token for a person of another one",
    "section 9.4.1",
    { ...byPerson, claims: { ...byPerson.claims, ps: "https://other.example" } },
    "malformed_token",
    "invalid_jwt",
  ),
  badAuth(
    "refuses a person server's auth token at a resource with an access server",
    "section 9.4.3",
    byPerson,
    "untrusted_issuer",
    "invalid_jwt",
    {
      verifier: { accessServer: ACCESS_SERVER },
    },
  ),
  badAuth(
    "refuses a person token that is called an auth token",
    "section 13.11",
    personToken({ header: { typ: "aa-auth+jwt" } }),
    "token_claim_missing",
    "invalid_jwt",
  ),
];

const file = (cases: readonly Case[]): VectorFile => ({ about: ABOUT, operation: "verify-request", cases });

export const draft11Requests: Readonly<Record<string, VectorFile>> = {
  "draft-11/requests.json": file([
    ...accepted,
    ...malformedFields,
    ...coverage,
    ...times,
    ...schemes,
    ...signatures,
  ]),
  "draft-11/server-requests.json": file(servers),
  "draft-11/agent-tokens.json": file(agentTokens),
  "draft-11/person-tokens.json": file(personTokens),
  "draft-11/auth-tokens.json": file(authTokens),
};
