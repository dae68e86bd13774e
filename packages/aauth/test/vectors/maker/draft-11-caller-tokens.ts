/** The tokens that requests of draft -11 are signed with, and the verdict of a resource on each. */

import {
  A_PERSON,
  ACCESS_SERVER,
  AGENT,
  ANY_AGENT,
  agentToken,
  authToken,
  because,
  changedDocument,
  type Judged,
  NOW,
  PERSON,
  PERSON_SERVER,
  PROVIDER,
  personToken,
  RESOURCE,
  received,
  refused,
  requestsFile,
  TO_READ,
  type TokenChange,
  theAgent,
  thePerson,
  unsigned,
  verified,
} from "./draft-11-parties.ts";
import { keys } from "./keys.ts";
import type { Case, VectorFile } from "./messages.ts";

const agentProvider = `${PROVIDER}/.well-known/aauth-agent.json`;

/** A token that is refused. */
const badToken =
  (issue: (change?: TokenChange) => string, requirement: object) =>
  (
    title: string,
    section: string,
    change: TokenChange | string,
    [code, error]: readonly [code: string, signatureError: string],
    more: Omit<Judged, "title" | "section"> & {
      readonly fetches?: true;
      readonly fields?: Record<string, string>;
    } = {},
  ): Case => {
    const { fetches, fields, ...judged } = more;
    const token = typeof change === "string" ? change : issue(change);
    return refused(received(title, section, { token, requirement, ...judged }), {
      ...{ code, check: "token", ...(fetches && { fetches }), ...because(error, fields) },
    });
  };

const MISSING = ["token_claim_missing", "invalid_jwt"] as const;
const MALFORMED = ["malformed_token", "invalid_jwt"] as const;
const WRONG_TYPE = ["token_type_mismatch", "invalid_jwt"] as const;
const WRONG_ALGORITHM = ["token_algorithm_not_allowed", "invalid_jwt"] as const;
const WRONG_AUDIENCE = ["token_audience_mismatch", "invalid_jwt"] as const;
const UNTRUSTED = ["untrusted_issuer", "invalid_jwt"] as const;

const claims = (members: Readonly<Record<string, unknown>>): TokenChange => ({ claims: members });
const header = (members: Readonly<Record<string, unknown>>): TokenChange => ({ header: members });
const FETCHED = { fetches: true } as const;
const asAgent = { "aauth-requirement": "requirement=agent-token" };
const asPerson = { "aauth-requirement": "requirement=person-token" };

/** Refusals that the three types of tokens share. */
function commonToAll(
  issue: (change?: TokenChange) => string,
  requirement: object,
  jti: string,
  renewed: Record<string, string>,
) {
  const bad = badToken(issue, requirement);
  return [
    ...["iss", "dwk", "jti", "exp"].map((name) =>
      bad(`refuses a token without ${name}`, "11.5.1", claims({ [name]: undefined }), MISSING),
    ),
    bad("refuses a token without iat", "11.5.1", claims({ iat: undefined }), MISSING),
    bad("refuses a token without kid", "11.5.1", header({ kid: undefined }), MISSING),
    bad("refuses a token without cnf", "11.3.4, step 6", claims({ cnf: undefined }), MISSING),
    ...["none", "HS256", "EdDSA"].map((alg) =>
      bad(`refuses a token of alg ${alg}`, "11.3.1", header({ alg }), WRONG_ALGORITHM),
    ),
    ...([undefined, "EdDSA", "none"] as const).map((alg) =>
      bad(
        `refuses a confirmation key ${alg === undefined ? "without alg" : `of alg ${alg}`}`,
        "11.3.1",
        claims({ cnf: { jwk: { ...keys.agent.publicJwk, alg } } }),
        ["key_algorithm_not_allowed", "unsupported_algorithm"],
        { fields: { "accept-signature-alg": "Ed25519, ES256" } },
      ),
    ),
    bad(
      "refuses a confirmation key whose crv does not fit its alg",
      "11.3.4, step 6",
      claims({ cnf: { jwk: { ...keys.agent.publicJwk, crv: "P-256" } } }),
      ["unsupported_key", "invalid_key"],
    ),
    bad("refuses a dwk of another kind of party", "11.2", claims({ dwk: "aauth-resource.json" }), MALFORMED),
    bad(
      "refuses a token that its issuer has not signed",
      "11.3.4, step 5",
      unsigned(issue()),
      ["invalid_token_signature", "invalid_jwt"],
      FETCHED,
    ),
    bad(
      "refuses a kid that is not published",
      "11.4",
      header({ kid: "x" }),
      ["unknown_key", "unknown_key"],
      FETCHED,
    ),
    bad(
      "refuses a token that expires now",
      "11.5.2",
      claims({ iat: NOW - 3_600, exp: NOW }),
      ["token_expired", "expired_jwt"],
      {
        ...FETCHED,
        fields: renewed,
      },
    ),
    bad(
      "refuses a token whose iat is 61 s ahead",
      "11.5.2",
      claims({ iat: NOW + 61, exp: NOW + 3_600 }),
      ["token_not_yet_valid", "clock_skew"],
      FETCHED,
    ),
    bad("refuses a token that has been revoked", "11.12.5", {}, ["token_revoked", "revoked_jwt"], {
      ...FETCHED,
      ...{ fields: renewed, verifier: { revoked: [jti] } },
    }),
  ];
}

const badAgent = badToken(agentToken, ANY_AGENT);
const agentTokens: Case[] = [
  verified(
    received("accepts an agent token signed with ES256", "11.3.1", {
      token: agentToken({ signer: keys.providerEs256 }),
    }),
  ),
  verified(
    received("accepts an agent token without person server", "5.3", {
      token: agentToken(claims({ ps: undefined })),
    }),
  ),
  verified(
    received("accepts the agent token of a sub-agent", "10.2", {
      token: agentToken(claims({ sub: "aauth:planner+search@agent.example", parent_agent: AGENT })),
    }),
    { ...theAgent, agent: "aauth:planner+search@agent.example" },
  ),
  verified(
    received("accepts a token whose iat is 60 s ahead", "11.5.2", {
      token: agentToken(claims({ iat: NOW + 60 })),
    }),
  ),
  verified(
    received("accepts a key set with another key that cannot be used", "11.4", {
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
    badAgent(`refuses the type ${typ}`, "13.11", header({ typ }), WRONG_TYPE, { fields: asAgent }),
  ),
  badAgent("refuses a person token where an agent token is needed", "6.1", personToken(), WRONG_TYPE, {
    fields: asAgent,
  }),
  badAgent("refuses an agent token without sub", "5.3", claims({ sub: undefined }), MISSING),
  badAgent(
    "refuses an agent of another provider",
    "5.1",
    claims({ sub: "aauth:planner@other.example" }),
    MALFORMED,
  ),
  badAgent(
    "refuses a parent of another provider",
    "10.2",
    claims({ parent_agent: "aauth:planner@other.example" }),
    MALFORMED,
  ),
  badAgent(
    "refuses a person server that is no server identifier",
    "5.3",
    claims({ ps: "https://ps.example/x" }),
    MALFORMED,
  ),
  ...[
    "https://agent.example:8443",
    "https://agent.example/x",
    "https://Agent.example",
    "https://agent.example/",
  ].map((iss) => badAgent(`refuses the issuer ${iss}`, "11.1.1", claims({ iss }), MALFORMED)),
  ...["127.0.0.1", "localhost", "10.0.0.1"].map((host) =>
    badAgent(
      `refuses the issuer https://${host}, which must not be fetched from`,
      "11.2",
      claims({ iss: `https://${host}`, sub: `aauth:planner@${host}` }),
      ["discovery_blocked", "unknown_key"],
    ),
  ),
  badAgent(
    "refuses a document that names another issuer",
    "11.2",
    {},
    ["metadata_mismatch", "issuer_mismatch"],
    {
      ...FETCHED,
      documents: changedDocument(agentProvider, { issuer: "https://other.example" }),
    },
  ),
  badAgent("refuses a document without issuer", "11.2", {}, ["metadata_issuer_missing", "issuer_missing"], {
    ...FETCHED,
    documents: changedDocument(agentProvider, { issuer: undefined }),
  }),
  badAgent("refuses an agent provider that is not on the list", "11.3.4, step 5", {}, UNTRUSTED, {
    verifier: { trustedAgents: ["https://other.example"] },
  }),
  badAgent(
    "refuses a sub-agent at a token endpoint",
    "10.2.2",
    claims({ sub: "aauth:planner+search@agent.example", parent_agent: AGENT }),
    ["token_agent_mismatch", "invalid_jwt"],
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
    received("accepts a person token", "7.1", { token: personToken(), requirement: A_PERSON }),
    thePerson,
  ),
  verified(
    received("accepts an audience that is an array of one", "7.1.4", {
      ...{ token: personToken(claims({ aud: [RESOURCE] })), requirement: A_PERSON },
    }),
    thePerson,
  ),
  verified(
    received("accepts tenant and mission", "7.1.2", {
      token: personToken(claims({ tenant: "acme", mission_s256: "m-1" })),
      requirement: A_PERSON,
    }),
    thePerson,
  ),
  refused(received("asks an agent for a person token", "6.1", { requirement: A_PERSON }), {
    ...{ code: "person_required", check: "requirement", fetches: true, fields: asPerson },
  }),
  ...commonToAll(personToken, A_PERSON, "person-token-1", asPerson),
  ...["sub", "aud"].map((name) =>
    badPerson(`refuses a person token without ${name}`, "7.1.2", claims({ [name]: undefined }), MISSING),
  ),
  ...["scope", "account"].map((name) =>
    badPerson(`refuses a person token with ${name}`, "7.1.1", claims({ [name]: "data.read" }), MALFORMED),
  ),
  badPerson(
    "refuses a person token that lives longer than an hour",
    "7.1.1",
    claims({ exp: NOW + 3_601 }),
    MALFORMED,
  ),
  badPerson(
    "refuses a person token for another resource",
    "7.1.4",
    claims({ aud: "https://other.example" }),
    WRONG_AUDIENCE,
    {
      fields: asPerson,
    },
  ),
  badPerson(
    "refuses an audience of two",
    "7.1.4",
    claims({ aud: [RESOURCE, "https://other.example"] }),
    MALFORMED,
  ),
  badPerson(
    "refuses a person server that is not trusted",
    "7.1.4",
    claims({ iss: "https://evil.example" }),
    UNTRUSTED,
  ),
  badPerson(
    "refuses an auth token that is called a person token",
    "13.11",
    authToken({ header: { typ: "aa-person+jwt" }, claims: { dwk: "aauth-person.json" } }),
    MALFORMED,
  ),
];

const theReader = { level: "auth-token", scopes: ["data.read"], person: { iss: ACCESS_SERVER, sub: PERSON } };
const byPerson = { signer: keys.person, claims: { iss: PERSON_SERVER, dwk: "aauth-person.json" } };
const withToken = { "aauth-requirement": "requirement=auth-token; resource-token" };
const asks = { check: "requirement", fetches: true } as const;
const badAuth = badToken(authToken, TO_READ);
const authTokens: Case[] = [
  verified(
    received("accepts an auth token of an access server", "9.4", {
      token: authToken(),
      requirement: TO_READ,
    }),
    theReader,
  ),
  verified(
    received("accepts an auth token of a person server", "9.4", {
      token: authToken(byPerson),
      requirement: TO_READ,
    }),
    {
      ...{ ...theReader, person: { iss: PERSON_SERVER, sub: PERSON } },
    },
  ),
  verified(
    received("accepts an auth token for the account that is needed", "9.4.1", {
      token: authToken(claims({ account: "acme-eu" })),
      requirement: { ...TO_READ, account: "acme-eu" },
    }),
    theReader,
  ),
  verified(
    received("accepts an auth token where a person token is enough", "6.1", {
      token: authToken(),
      requirement: A_PERSON,
    }),
    theReader,
  ),
  refused(received("asks an agent for a person token first", "6.7", { requirement: TO_READ }), {
    ...{ ...asks, code: "person_required", fields: asPerson },
  }),
  refused(
    received("asks for an auth token where a person token is shown", "6.7", {
      token: personToken(),
      requirement: TO_READ,
    }),
    {
      ...{ ...asks, code: "authorization_required", fields: withToken },
    },
  ),
  refused(
    received("asks for another auth token where a scope is missing", "6.5", {
      token: authToken(claims({ scope: "data.write" })),
      requirement: TO_READ,
    }),
    { ...asks, code: "insufficient_scope", fields: withToken },
  ),
  refused(
    received("asks for another auth token where it is for another account", "6.5", {
      token: authToken(claims({ account: "other" })),
      requirement: { ...TO_READ, account: "acme-eu" },
    }),
    { ...asks, code: "authorization_required", fields: withToken },
  ),
  ...commonToAll(authToken, TO_READ, "auth-token-1", asPerson),
  ...["sub", "aud", "ps"].map((name) =>
    badAuth(`refuses an auth token without ${name}`, "9.4.1", claims({ [name]: undefined }), MISSING),
  ),
  badAuth(
    "refuses an auth token that lives longer than an hour",
    "9.4.1",
    claims({ exp: NOW + 3_601 }),
    MALFORMED,
  ),
  badAuth(
    "refuses an auth token for another resource",
    "9.4.3",
    claims({ aud: "https://other.example" }),
    WRONG_AUDIENCE,
    {
      fields: asPerson,
    },
  ),
  badAuth(
    "refuses an issuer that is not trusted",
    "9.4.3",
    claims({ iss: "https://evil.example" }),
    UNTRUSTED,
  ),
  badAuth(
    "refuses a person server's auth token for a person of another one",
    "9.4.1",
    { ...byPerson, claims: { ...byPerson.claims, ps: "https://other.example" } },
    MALFORMED,
  ),
  badAuth(
    "refuses a person server's auth token at a resource with an access server",
    "9.4.3",
    byPerson,
    UNTRUSTED,
    {
      verifier: { accessServer: ACCESS_SERVER },
    },
  ),
  badAuth(
    "refuses a person token that is called an auth token",
    "13.11",
    personToken({ header: { typ: "aa-auth+jwt" } }),
    MISSING,
  ),
];

export const draft11CallerTokens: Readonly<Record<string, VectorFile>> = {
  "draft-11/agent-tokens.json": requestsFile(agentTokens),
  "draft-11/person-tokens.json": requestsFile(personTokens),
  "draft-11/auth-tokens.json": requestsFile(authTokens),
};
