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
  otherDocuments,
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

type Members = Readonly<Record<string, unknown>>;
type Reason = readonly [code: string, signatureError: string];
interface BadToken extends Omit<Judged, "title" | "section"> {
  readonly header?: Members;
  readonly fetches?: true;
  readonly fields?: Record<string, string>;
}

/** A refused token: with these claims and header, or another token instead. */
const badToken =
  (issue: (change?: TokenChange) => string, requirement: object) =>
  (title: string, section: string, claims: Members, [code, error]: Reason, more: BadToken = {}): Case => {
    const { fetches, fields, header = {}, ...judged } = more;
    const token = issue({ claims, header });
    return refused(received(`refuses ${title}`, section, { token, requirement, ...judged }), {
      code,
      check: "token",
      ...(fetches && { fetches }),
      ...because(error, fields),
    });
  };

const MISSING = ["token_claim_missing", "invalid_jwt"] as const;
const MALFORMED = ["malformed_token", "invalid_jwt"] as const;
const WRONG_TYPE = ["token_type_mismatch", "invalid_jwt"] as const;
const WRONG_ALGORITHM = ["token_algorithm_not_allowed", "invalid_jwt"] as const;
const WRONG_KEY_ALGORITHM = ["key_algorithm_not_allowed", "unsupported_algorithm"] as const;
const WRONG_CURVE = ["unsupported_key", "invalid_key"] as const;
const WRONG_AUDIENCE = ["token_audience_mismatch", "invalid_jwt"] as const;
const UNTRUSTED = ["untrusted_issuer", "invalid_jwt"] as const;
const UNKNOWN_KEY = ["unknown_key", "unknown_key"] as const;

const FETCHED = { fetches: true } as const;
const asAgent = { "aauth-requirement": "requirement=agent-token" };
const asPerson = { "aauth-requirement": "requirement=person-token" };
const OTHER = "https://other.example";

/** Refusals that the three types of tokens share. */
function commonToAll(
  issue: (change?: TokenChange) => string,
  requirement: object,
  jti: string,
  renewed: Record<string, string>,
  issuers: readonly string[],
) {
  const bad = badToken(issue, requirement);
  const bound = (change: Members) => ({ cnf: { jwk: { ...keys.agent.publicJwk, ...change } } });
  return [
    ...["iss", "dwk", "jti", "exp", "iat"].map((name) =>
      bad(`a token without ${name}`, "11.5.1", { [name]: undefined }, MISSING),
    ),
    bad("a token without kid", "11.5.1", {}, MISSING, { header: { kid: undefined } }),
    bad("a token without cnf", "11.3.4, step 6", { cnf: undefined }, MISSING),
    ...["none", "HS256", "EdDSA"].map((alg) =>
      bad(`a token of alg ${alg}`, "11.3.1", {}, WRONG_ALGORITHM, { header: { alg } }),
    ),
    ...([undefined, "EdDSA", "none"] as const).map((alg) => {
      const title = `a confirmation key ${alg === undefined ? "without alg" : `of alg ${alg}`}`;
      const fields = { "accept-signature-alg": "Ed25519, ES256" };
      return bad(title, "11.3.1", bound({ alg }), WRONG_KEY_ALGORITHM, { fields });
    }),
    bad(
      "a confirmation key whose crv does not fit its alg",
      "11.3.4, step 6",
      bound({ crv: "P-256" }),
      WRONG_CURVE,
    ),
    ...otherDocuments(...issuers).map((dwk) => bad(`the dwk ${dwk}`, "11.2", { dwk }, MALFORMED)),
    bad(
      "a token that its issuer has not signed",
      "11.3.4, step 5",
      {},
      ["invalid_token_signature", "invalid_jwt"],
      { ...FETCHED, token: unsigned(issue()) },
    ),
    bad("a kid that is not published", "11.4", {}, UNKNOWN_KEY, { ...FETCHED, header: { kid: "x" } }),
    bad(
      "a token that expires now",
      "11.5.2",
      { iat: NOW - 3_600, exp: NOW },
      ["token_expired", "expired_jwt"],
      { ...FETCHED, fields: renewed },
    ),
    bad(
      "a token whose iat is 61 s ahead",
      "11.5.2",
      { iat: NOW + 61, exp: NOW + 3_600 },
      ["token_not_yet_valid", "clock_skew"],
      FETCHED,
    ),
    bad("a token that has been revoked", "11.12.5", {}, ["token_revoked", "revoked_jwt"], {
      ...FETCHED,
      fields: renewed,
      verifier: { revoked: [jti] },
    }),
  ];
}

/** A token that is accepted. */
const goodToken =
  (issue: (change?: TokenChange) => string, requirement: object, caller: Members) =>
  (title: string, section: string, claims: Members = {}, shown: Members = caller): Case =>
    verified(received(`accepts ${title}`, section, { token: issue({ claims }), requirement }), shown);

const SUB_AGENT = { sub: "aauth:planner+search@agent.example", parent_agent: AGENT };
const badAgent = badToken(agentToken, ANY_AGENT);
const goodAgent = goodToken(agentToken, ANY_AGENT, theAgent);
const agentTokens: Case[] = [
  verified(
    received("accepts an agent token signed with ES256", "11.3.1", {
      token: agentToken({ signer: keys.providerEs256 }),
    }),
  ),
  goodAgent("an agent token without person server", "5.3", { ps: undefined }),
  goodAgent("the agent token of a sub-agent", "10.2", SUB_AGENT, { ...theAgent, agent: SUB_AGENT.sub }),
  goodAgent("a token whose iat is 60 s ahead", "11.5.2", { iat: NOW + 60 }),
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
  ...commonToAll(agentToken, ANY_AGENT, "agent-token-1", asAgent, ["aauth-agent.json"]),
  ...["aa-resource+jwt", "agent+jwt", "JWT", undefined].map((typ) =>
    badAgent(`the type ${typ}`, "13.11", {}, WRONG_TYPE, { fields: asAgent, header: { typ } }),
  ),
  badAgent("a person token where an agent token is needed", "6.1", {}, WRONG_TYPE, {
    fields: asAgent,
    token: personToken(),
  }),
  badAgent("an agent token without sub", "5.3", { sub: undefined }, MISSING),
  badAgent("an agent of another provider", "5.1", { sub: "aauth:planner@other.example" }, MALFORMED),
  badAgent(
    "a parent of another provider",
    "10.2",
    { parent_agent: "aauth:planner@other.example" },
    MALFORMED,
  ),
  badAgent("a person server that is no server identifier", "5.3", { ps: "https://ps.example/x" }, MALFORMED),
  ...[
    "https://agent.example:8443",
    "https://agent.example/x",
    "https://Agent.example",
    "https://agent.example/",
  ].map((iss) => badAgent(`the issuer ${iss}`, "11.1.1", { iss }, MALFORMED)),
  ...["127.0.0.1", "localhost", "10.0.0.1"].map((host) =>
    badAgent(
      `the issuer https://${host}, which must not be fetched from`,
      "11.2",
      { iss: `https://${host}`, sub: `aauth:planner@${host}` },
      ["discovery_blocked", "unknown_key"],
    ),
  ),
  badAgent("a document that names another issuer", "11.2", {}, ["metadata_mismatch", "issuer_mismatch"], {
    ...FETCHED,
    documents: changedDocument(agentProvider, { issuer: OTHER }),
  }),
  badAgent("a document without issuer", "11.2", {}, ["metadata_issuer_missing", "issuer_missing"], {
    ...FETCHED,
    documents: changedDocument(agentProvider, { issuer: undefined }),
  }),
  badAgent("an agent provider that is not on the list", "11.3.4, step 5", {}, UNTRUSTED, {
    verifier: { agentProviders: [OTHER] },
  }),
  badAgent("a sub-agent at a token endpoint", "10.2.2", SUB_AGENT, ["token_agent_mismatch", "invalid_jwt"], {
    ...FETCHED,
    body: "{}",
    target: "/aauth/token",
    verifier: {
      endpoint: "token",
      authority: "ps.example",
      audience: undefined,
      trustedIssuers: undefined,
    },
  }),
];

const badPerson = badToken(personToken, A_PERSON);
const goodPerson = goodToken(personToken, A_PERSON, thePerson);
const personTokens: Case[] = [
  goodPerson("a person token", "7.1"),
  goodPerson("an audience that is an array of one", "7.1.4", { aud: [RESOURCE] }),
  goodPerson("tenant and mission", "7.1.2", { tenant: "acme", mission_s256: "m-1" }),
  refused(received("asks an agent for a person token", "6.1", { requirement: A_PERSON }), {
    code: "person_required",
    check: "requirement",
    fetches: true,
    fields: asPerson,
  }),
  ...commonToAll(personToken, A_PERSON, "person-token-1", asPerson, ["aauth-person.json"]),
  ...["sub", "aud"].map((name) =>
    badPerson(`a person token without ${name}`, "7.1.2", { [name]: undefined }, MISSING),
  ),
  ...["scope", "account"].map((name) =>
    badPerson(`a person token with ${name}`, "7.1.1", { [name]: "data.read" }, MALFORMED),
  ),
  badPerson("a person token that lives longer than an hour", "7.1.1", { exp: NOW + 3_601 }, MALFORMED),
  badPerson("a person token for another resource", "7.1.4", { aud: OTHER }, WRONG_AUDIENCE, {
    fields: asPerson,
  }),
  badPerson("an audience of two", "7.1.4", { aud: [RESOURCE, OTHER] }, MALFORMED),
  badPerson("a person server that is not trusted", "7.1.4", { iss: "https://evil.example" }, UNTRUSTED),
  badPerson("an auth token that is called a person token", "13.11", {}, MALFORMED, {
    token: authToken({ header: { typ: "aa-person+jwt" }, claims: { dwk: "aauth-person.json" } }),
  }),
];

const theReader = { level: "auth-token", scopes: ["data.read"], person: { iss: ACCESS_SERVER, sub: PERSON } };
const byPerson = { signer: keys.person, claims: { iss: PERSON_SERVER, dwk: "aauth-person.json" } };
const withToken = { "aauth-requirement": "requirement=auth-token; resource-token" };
const FOR_ACCOUNT = { ...TO_READ, account: "acme-eu" };
const badAuth = badToken(authToken, TO_READ);
const goodAuth = (title: string, section: string, token = authToken(), requirement: object = TO_READ) =>
  verified(received(`accepts ${title}`, section, { token, requirement }), theReader);
const asks = (
  title: string,
  section: string,
  code: string,
  fields: Record<string, string>,
  request: BadToken = {},
) =>
  refused(received(`asks ${title}`, section, { requirement: TO_READ, ...request }), {
    check: "requirement",
    fetches: true,
    code,
    fields,
  });
const authTokens: Case[] = [
  goodAuth("an auth token of an access server", "9.4"),
  verified(
    received("accepts an auth token of a person server", "9.4", {
      token: authToken(byPerson),
      requirement: TO_READ,
    }),
    { ...theReader, person: { iss: PERSON_SERVER, sub: PERSON } },
  ),
  goodAuth(
    "an auth token for the account that is needed",
    "9.4.1",
    authToken({ claims: { account: "acme-eu" } }),
    FOR_ACCOUNT,
  ),
  goodAuth("an auth token where a person token is enough", "6.1", authToken(), A_PERSON),
  asks("an agent for a person token first", "6.7", "person_required", asPerson),
  asks("for an auth token where a person token is shown", "6.7", "authorization_required", withToken, {
    token: personToken(),
  }),
  asks("for another auth token where a scope is missing", "6.5", "insufficient_scope", withToken, {
    token: authToken({ claims: { scope: "data.write" } }),
  }),
  asks("for another auth token where it is for another account", "6.5", "authorization_required", withToken, {
    token: authToken({ claims: { account: "other" } }),
    requirement: FOR_ACCOUNT,
  }),
  ...commonToAll(authToken, TO_READ, "auth-token-1", asPerson, ["aauth-person.json", "aauth-access.json"]),
  ...["sub", "aud", "ps"].map((name) =>
    badAuth(`an auth token without ${name}`, "9.4.1", { [name]: undefined }, MISSING),
  ),
  badAuth("an auth token that lives longer than an hour", "9.4.1", { exp: NOW + 3_601 }, MALFORMED),
  badAuth("an auth token for another resource", "9.4.3", { aud: OTHER }, WRONG_AUDIENCE, {
    fields: asPerson,
  }),
  badAuth("an issuer that is not trusted", "9.4.3", { iss: "https://evil.example" }, UNTRUSTED),
  badAuth("a person server's auth token for a person of another one", "9.4.1", {}, MALFORMED, {
    token: authToken({ ...byPerson, claims: { ...byPerson.claims, ps: OTHER } }),
  }),
  badAuth("a person server's auth token at a resource with an access server", "9.4.3", {}, UNTRUSTED, {
    token: authToken(byPerson),
    verifier: { accessServer: ACCESS_SERVER },
  }),
  badAuth("a person token that is called an auth token", "13.11", {}, MISSING, {
    token: personToken({ header: { typ: "aa-auth+jwt" } }),
  }),
];

export const draft11CallerTokens: Readonly<Record<string, VectorFile>> = {
  "draft-11/agent-tokens.json": requestsFile(agentTokens),
  "draft-11/person-tokens.json": requestsFile(personTokens),
  "draft-11/auth-tokens.json": requestsFile(authTokens),
};
