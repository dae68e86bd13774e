/** The parties of draft -11: what they publish, the tokens they issue, their requests. */

import { base64url, type Key, keys } from "./keys.ts";
import { type Case, digest, type Fields, jwt, sign, type VectorFile } from "./messages.ts";

export const PROVIDER = "https://agent.example";
export const AGENT = "aauth:planner@agent.example";
export const PERSON_SERVER = "https://ps.example";
export const ACCESS_SERVER = "https://as.example";
export const RESOURCE = "https://resource.example";
/** Unix seconds. */
export const NOW = 1_795_804_700;
export const PERSON = "3pLk0bqT";

// --------------------------------------------------------------------------------------- documents

const DOCUMENTS = ["agent", "person", "access", "resource"].map((kind) => `aauth-${kind}.json`);

/** Documents of the parties that may not issue a type of token. */
export const otherDocuments = (...issuers: readonly string[]): readonly string[] =>
  DOCUMENTS.filter((name) => !issuers.includes(name));

const published = (key: Key) => ({ ...key.publicJwk, kid: key.kid });
const documentsOf = (issuer: string, name: string, members: object, ...own: readonly Key[]) => ({
  [`${issuer}/.well-known/${name}`]: { issuer, jwks_uri: `${issuer}/jwks.json`, ...members },
  [`${issuer}/jwks.json`]: { keys: own.map(published) },
});

/** Documents that a verifier would fetch, by address. */
export const documents: Readonly<Record<string, unknown>> = {
  ...documentsOf(PROVIDER, "aauth-agent.json", {}, keys.provider, keys.providerEs256),
  ...documentsOf(
    PERSON_SERVER,
    "aauth-person.json",
    {
      person_token_endpoint: `${PERSON_SERVER}/aauth/person`,
      auth_token_endpoint: `${PERSON_SERVER}/aauth/token`,
      revocation_endpoint: `${PERSON_SERVER}/aauth/revoke`,
    },
    keys.person,
  ),
  ...documentsOf(
    ACCESS_SERVER,
    "aauth-access.json",
    { auth_token_endpoint: `${ACCESS_SERVER}/aauth/access/token` },
    keys.access,
  ),
  ...documentsOf(RESOURCE, "aauth-resource.json", { access_mode: "auth-token" }, keys.resource),
};

// ------------------------------------------------------------------------------------------ tokens

type Members = Readonly<Record<string, unknown>>;
/** Changes to a token; undefined removes a member. */
export interface TokenChange {
  readonly claims?: Members;
  readonly header?: Members;
  readonly signer?: Key;
}

const issue =
  (typ: string, key: Key, claims: Members) =>
  ({ claims: changes = {}, header = {}, signer = key }: TokenChange = {}): string =>
    jwt(signer, { alg: signer.alg, typ, kid: signer.kid, ...header }, { ...claims, ...changes });

const times = (seconds: number) => ({ iat: NOW, exp: NOW + seconds });
const cnf = { jwk: keys.agent.publicJwk };

export const agentToken = issue("aa-agent+jwt", keys.provider, {
  iss: PROVIDER,
  dwk: "aauth-agent.json",
  sub: AGENT,
  jti: "agent-token-1",
  ...times(3_600),
  ps: PERSON_SERVER,
  cnf,
});
export const personToken = issue("aa-person+jwt", keys.person, {
  iss: PERSON_SERVER,
  dwk: "aauth-person.json",
  aud: RESOURCE,
  sub: PERSON,
  jti: "person-token-1",
  ...times(3_600),
  cnf,
});
/** Auth token of the access server. */
export const authToken = issue("aa-auth+jwt", keys.access, {
  iss: ACCESS_SERVER,
  dwk: "aauth-access.json",
  aud: RESOURCE,
  ps: PERSON_SERVER,
  sub: PERSON,
  jti: "auth-token-1",
  ...times(3_600),
  scope: "data.read",
  cnf,
});
export const resourceToken = issue("aa-resource+jwt", keys.resource, {
  iss: RESOURCE,
  dwk: "aauth-resource.json",
  aud: PERSON_SERVER,
  ps: PERSON_SERVER,
  sub: PERSON,
  presented_jti: "person-token-1",
  agent_jkt: keys.agent.thumbprint,
  jti: "resource-token-1",
  ...times(300),
  scope: "data.read",
});

/** A token that its issuer has not signed. */
export const unsigned = (token: string): string =>
  `${token.slice(0, token.lastIndexOf("."))}.${base64url(Buffer.alloc(64, 7))}`;

// ---------------------------------------------------------------------------------------- requests

export const BASE = ["@method", "@authority", "@path", "signature-key"];
export const BODY = ["content-digest", "content-type"];
export const shown = (token: string): string => `sig=jwt;jwt="${token}"`;
export const ownName = (id: string, dwk: string, kid: string): string =>
  `sig=jwks_uri;id="${id}";dwk="${dwk}";kid="${kid}"`;

export interface RequestOptions {
  /** Default: the agent token. */
  readonly token?: string;
  readonly signatureKey?: string;
  readonly key?: Key;
  readonly label?: string;
  readonly components?: readonly string[];
  readonly parameters?: string;
  readonly method?: string;
  readonly target?: string;
  readonly authority?: string;
  readonly fields?: Fields;
  readonly body?: string;
  /** After signing. */
  readonly received?: { readonly fields?: Members; readonly body?: string; readonly method?: string };
}

const requestOf = (options: RequestOptions) => {
  const { body, token = agentToken(), target = "/data", authority = "resource.example" } = options;
  const { key = keys.agent, label = "sig", signatureKey = shown(token), received } = options;
  const { components = body === undefined ? BASE : [...BASE, ...BODY], parameters = `;created=${NOW}` } =
    options;
  const method = options.method ?? (body === undefined ? "GET" : "POST");
  const ofBody = body !== undefined && {
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    "content-digest": digest(body),
  };
  const message = { method, authority, target, fields: { ...ofBody, ...options.fields } };
  const { fields, base } = sign(message, { key, signatureKey, label, components, parameters });
  const sent = { method, authority, target, fields, ...(body !== undefined && { body }) };
  return { base, request: { ...sent, ...received, fields: { ...fields, ...received?.fields } } };
};

// ---------------------------------------------------------------------------------------- verdicts

export const ANY_AGENT = { level: "agent-token" };
export const A_PERSON = { level: "person-token" };
export const TO_READ = { level: "auth-token", scopes: ["data.read"] };
export const A_SERVER = { level: "server" };

/** Configuration of the called party. */
export const AT_RESOURCE = {
  endpoint: "resource",
  authority: "resource.example",
  audience: RESOURCE,
  trustedIssuers: [PERSON_SERVER, ACCESS_SERVER],
};

export interface Judged extends RequestOptions {
  readonly title: string;
  readonly section: string;
  readonly requirement?: object;
  readonly verifier?: Members;
  /** Replaces the published documents. */
  readonly documents?: Members;
  /** The request has been accepted once before. */
  readonly repeated?: true;
  readonly now?: number;
}

export type Caller = Members;
export const theAgent: Caller = { level: "agent-token", agent: AGENT };
export const thePerson: Caller = { level: "person-token", person: { iss: PERSON_SERVER, sub: PERSON } };

const inputOf = (judged: Judged) => {
  const { requirement = ANY_AGENT, verifier = {}, documents: changed, repeated, now = NOW } = judged;
  const { request, base } = requestOf({ authority: verifier.authority as string, ...judged });
  const { authority: _, ...sent } = request;
  const input = {
    now,
    verifier: { ...AT_RESOURCE, ...verifier },
    requirement,
    request: sent,
    ...(changed && { documents: changed }),
    ...(repeated && { repeated }),
  };
  return { input, base };
};

export function verified(judged: Judged, caller: Caller = theAgent): Case {
  const { input, base } = inputOf(judged);
  const { thumbprint } = judged.key ?? keys.agent;
  const value = { signatureBase: base, caller: { ...caller, thumbprint } };
  return { title: judged.title, section: judged.section, input, expected: { value } };
}

export interface Refusal {
  readonly code: string;
  readonly check: string;
  /** Default 401. */
  readonly status?: number;
  /** Fields of the answer that state the reason to the other party. */
  readonly fields?: Fields;
  /** Whether a document has been fetched. Default false: the message is refused before. */
  readonly fetches?: true;
}

export function refused(judged: Judged, { status = 401, fields = {}, fetches, ...refusal }: Refusal): Case {
  const { input } = inputOf(judged);
  const error = { ...refusal, status, fields, fetches: fetches === true };
  return { title: judged.title, section: judged.section, input, expected: { error } };
}

/** `Signature-Error` with one code. */
export const because = (error: string, more: Fields = {}): { readonly fields: Fields } => ({
  fields: { "signature-error": `error=${error}`, ...more },
});

export const received = (
  title: string,
  section: string,
  more: Omit<Judged, "title" | "section"> = {},
): Judged => ({
  title,
  section,
  ...more,
});

/** Documents in which one has other members. */
export const changedDocument = (address: string, members: object) => ({
  [address]: { ...(documents[address] as object), ...members },
});

const ABOUT =
  "A received request, judged at `now` by a verifier with the given configuration, for a route with the given requirement; documents.json has what it fetches, `documents` what is there instead. The value is what was signed, and the caller. An error has the name of this project's code and check, and what the other party sees: status and fields of the answer, where a resource token stands for any. `fetches` says whether a document has been fetched.";

export const requestsFile = (cases: readonly Case[]): VectorFile => ({
  about: ABOUT,
  operation: "verify-request",
  cases,
});
