/** Tokens judged by the server that redeems them, and requests signed by an agent. */

import {
  ACCESS_SERVER,
  agentToken,
  authToken,
  BASE,
  BODY,
  NOW,
  otherDocuments,
  ownName,
  PERSON_SERVER,
  personToken,
  RESOURCE,
  resourceToken,
  shown,
  type TokenChange,
  unsigned,
} from "./draft-11-parties.ts";
import { type Key, keys } from "./keys.ts";
import {
  accepts,
  type Case,
  claimsOf,
  digest,
  type Fields,
  refuses,
  sign,
  type VectorFile,
} from "./messages.ts";

const OTHER = "https://other.example";
const claims = (members: Readonly<Record<string, unknown>>): TokenChange => ({ claims: members });

// --------------------------------------------------------------------------------- resource tokens

const at = (token: string, over: object = {}) => ({
  now: NOW,
  token,
  audience: PERSON_SERVER,
  personServer: PERSON_SERVER,
  agentJkt: keys.agent.thumbprint,
  ...over,
});
const resource = (title: string, section: string, change: TokenChange, over: object = {}) =>
  accepts(title, section, at(resourceToken(change), over), claimsOf(resourceToken(change)));
const badResource = (
  title: string,
  section: string,
  members: Readonly<Record<string, unknown>>,
  code: string,
  over: object = {},
) => refuses(`refuses ${title}`, section, at(resourceToken(claims(members)), over), code);

const forAccessServer = { audience: ACCESS_SERVER };

const resourceTokens: VectorFile = {
  about:
    "A resource token at the server that redeems it, which has `audience` as its identifier. `agentJkt` is the thumbprint of the key that signed the token request, `personServer` the person server of the agent. The value is the token's claims.",
  operation: "resource-token",
  cases: [
    resource("accepts a resource token at a person server", "6.7.2", {}),
    resource(
      "accepts a resource token at an access server",
      "6.7.2",
      claims({ aud: ACCESS_SERVER }),
      forAccessServer,
    ),
    resource(
      "accepts account, tenant, mission, login hint and interaction",
      "6.7.1",
      claims({
        account: "acme-eu",
        tenant: "acme",
        mission_s256: "m-1",
        login_hint: "dana",
        interaction: { url: `${RESOURCE}/agree`, code: "A1B2-C3D4" },
      }),
    ),
    ...["iss", "dwk", "aud", "ps", "sub", "jti", "iat", "exp", "presented_jti", "agent_jkt"].map((name) =>
      badResource(`a resource token without ${name}`, "6.7.1", { [name]: undefined }, "token_claim_missing"),
    ),
    badResource("another type", "13.11", {}, "token_type_mismatch", {
      token: resourceToken({ header: { typ: "aa-auth+jwt" } }),
    }),
    badResource("alg none", "11.3.1", {}, "token_algorithm_not_allowed", {
      token: resourceToken({ header: { alg: "none" } }),
    }),
    ...otherDocuments("aauth-resource.json").map((dwk) =>
      badResource(`the dwk ${dwk}`, "11.2", { dwk }, "malformed_token"),
    ),
    badResource("a token for another server", "6.7.2", { aud: ACCESS_SERVER }, "token_audience_mismatch"),
    badResource("a token for another key", "6.7.2", {}, "token_key_mismatch", {
      agentJkt: keys.other.thumbprint,
    }),
    badResource("another person server", "6.7.2", { ps: OTHER }, "presented_token_mismatch"),
    badResource("a token that has expired", "11.5.2", { iat: NOW - 300, exp: NOW }, "token_expired"),
    badResource("a token whose iat is 61 s ahead", "11.5.2", { iat: NOW + 61 }, "token_not_yet_valid"),
    badResource("a token that the resource has not signed", "6.7.2", {}, "invalid_token_signature", {
      token: unsigned(resourceToken()),
    }),
    badResource("a token of another key", "6.7.2", {}, "unknown_key", {
      token: resourceToken({ signer: keys.other }),
    }),
    badResource(
      "an interaction at an http address",
      "11.1.2",
      { interaction: { url: "http://resource.example/agree", code: "A" } },
      "malformed_token",
    ),
  ],
};

// -------------------------------------------------------------------------------- presented tokens

const pair = (presented: string, change: TokenChange = {}) => ({
  now: NOW,
  presented,
  resourceToken: claimsOf(resourceToken(change)),
  trustedIssuers: [PERSON_SERVER, ACCESS_SERVER],
});
const presented = (title: string, token: string, change: TokenChange = {}) =>
  accepts(title, "6.7.2", pair(token, change), claimsOf(token));
const badPair = (title: string, code: string, token: string, change: TokenChange = {}) =>
  refuses(`refuses ${title}`, "6.7.2", pair(token, change), code);
/** Tokens that do not belong together. */
const strangers = (title: string, token: string, change: TokenChange = {}) =>
  badPair(title, "presented_token_mismatch", token, change);

const stepUp = claims({ presented_jti: "auth-token-1" });
const inMission = { tenant: "acme", mission_s256: "m-1" };

const presentedTokens: VectorFile = {
  about:
    "The token that an agent showed to the resource, beside the claims of the verified resource token. The value is its claims. `presented_token_mismatch` means that the resource token is refused (`invalid_resource_token`), any other code that the presented token is (`invalid_presented_token`, `expired_presented_token`).",
  operation: "presented-token",
  cases: [
    presented("accepts the person token that is named", personToken()),
    presented("accepts the auth token that is named", authToken(), stepUp),
    presented(
      "accepts tenant and mission where both tokens have them",
      personToken(claims(inMission)),
      claims(inMission),
    ),
    strangers("another person token than is named", personToken(claims({ jti: "person-token-2" }))),
    strangers("another person", personToken(), claims({ sub: "someone-else" })),
    strangers("another person server", personToken(), claims({ ps: OTHER })),
    ...Object.entries(inMission).flatMap(([name, value]) => {
      const token = personToken(claims({ [name]: value }));
      return [
        strangers(`a resource token that drops ${name}`, token),
        strangers(`a resource token that adds ${name}`, personToken(), claims({ [name]: value })),
        strangers(`a resource token that changes ${name}`, token, claims({ [name]: "other" })),
      ];
    }),
    badPair("an agent token", "token_type_mismatch", agentToken()),
    badPair("a resource token in its place", "token_type_mismatch", resourceToken()),
    badPair("a token for another resource", "token_audience_mismatch", personToken(claims({ aud: OTHER }))),
    badPair(
      "a token for another key",
      "token_key_mismatch",
      personToken(claims({ cnf: { jwk: keys.other.publicJwk } })),
    ),
    badPair(
      "an issuer that is not trusted",
      "untrusted_issuer",
      personToken(claims({ iss: "https://evil.example" })),
    ),
    badPair("a token that has expired", "token_expired", personToken(claims({ iat: NOW - 3_600, exp: NOW }))),
    badPair("a token that its issuer has not signed", "invalid_token_signature", unsigned(personToken())),
  ],
};

// --------------------------------------------------------------------------- requests to be signed

interface ToSign {
  readonly method?: string;
  readonly target?: string;
  readonly fields?: Fields;
  readonly body?: string;
  readonly additionalComponents?: readonly string[];
  readonly key?: Key;
  readonly credential?: object;
  readonly endpoint?: string;
}

function signs(
  title: string,
  section: string,
  components: readonly string[],
  toSign: ToSign = {},
  signatureKey: string = AGENT_KEY,
): Case {
  const { method = "GET", target = "/data", fields = {}, body, key = keys.agent, ...more } = toSign;
  const ofBody: Fields = body === undefined ? {} : { "content-digest": digest(body) };
  const message = { method, authority: "resource.example", target, fields: { ...fields, ...ofBody } };
  const parameters = `;created=${NOW}`;
  const { base, fields: all } = sign(message, { key, signatureKey, label: "sig", components, parameters });
  const added = Object.fromEntries(Object.entries(all).filter(([name]) => !(name in fields)));
  const input = {
    now: NOW,
    method,
    url: `${RESOURCE}${target}`,
    fields,
    ...(body !== undefined && { body }),
    key: key.kid,
    credential: { scheme: "jwt", jwt: agentToken() },
    ...more,
  };
  return accepts(`signs ${title}`, section, input, { signatureBase: base, fields: added });
}

const JSON_TYPE = { "content-type": "application/json" };
const [AGENT_KEY, QUERY] = [shown(agentToken()), { additionalComponents: ["@query"] }];
const SESSION = { authorization: "AAuth session-1" };

const signing: VectorFile = {
  about:
    "A request as an agent or a server signs it. The value is what is signed, and the fields that are added to the request.",
  operation: "sign-request",
  cases: [
    signs("a request with an agent token", "11.3.3", BASE),
    signs(
      "a request with a person token",
      "11.3.3",
      BASE,
      { credential: { scheme: "jwt", jwt: personToken() } },
      shown(personToken()),
    ),
    signs("a query, which is not covered", "11.3.3.1", BASE, { target: "/data?a=1&b=%20" }),
    signs("a query that the resource demands", "11.2.4", [...BASE, "@query"], {
      target: "/data?a=1&b=%20",
      ...QUERY,
    }),
    signs("an absent query that the resource demands", "RFC 9421, 2.2.7", [...BASE, "@query"], QUERY),
    signs("an empty path", "RFC 9421, 2.2.6", BASE, { target: "/" }),
    signs("a body", "11.3.3.1", [...BASE, ...BODY], { method: "POST", fields: JSON_TYPE, body: '{"a":1}' }),
    signs("a session token", "6.3", [...BASE, "authorization"], { fields: SESSION }),
    signs(
      "a server's own request",
      "11.3.2",
      [...BASE, ...BODY],
      {
        method: "POST",
        fields: JSON_TYPE,
        body: '{"a":1}',
        key: keys.person,
        endpoint: "token",
        credential: { scheme: "jwks_uri", id: PERSON_SERVER, document: "aauth-person.json" },
      },
      ownName(PERSON_SERVER, "aauth-person.json", "ps-1"),
    ),
  ],
};

export const draft11Tokens: Readonly<Record<string, VectorFile>> = {
  "draft-11/resource-tokens.json": resourceTokens,
  "draft-11/presented-tokens.json": presentedTokens,
  "draft-11/sign-request.json": signing,
};
