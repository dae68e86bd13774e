/**
 * The tokens of draft -11, issued and verified: for agent providers, person servers, access servers and resources.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { encodeBase64Url } from "../base64.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { RevocationCheck } from "../profile/verification.ts";
import { checkAudience, checkHeader } from "../tokens/claim-checks.ts";
import { decodeJwt, signJwt } from "../tokens/jwt.ts";
import type { VerifiedToken } from "../tokens/open-token.ts";
import { verifyWithPublishedKey } from "../tokens/published-key.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type { VerifiedTokens } from "../tokens/verified-tokens.ts";
import type { ProvenCaller, PublicJwk, SigningKey, VerificationKey } from "../types.ts";
import type {
  AgentTokenClaims,
  AuthTokenClaims,
  CommonClaims,
  PersonTokenClaims,
  ResourceTokenClaims,
} from "./claims.ts";
import { isServerIdentifier, parseAgentIdentifier } from "./identifiers.ts";
import { fullySpecified, namedKey } from "./keys.ts";
import {
  AGENT_TOKEN_MAX_SECONDS,
  AGENT_TOKEN_SECONDS,
  ALGORITHMS,
  BOUND_TOKEN_MAX_SECONDS,
  DOCUMENTS,
  type DocumentKind,
  LEVELS,
  RESOURCE_TOKEN_MAX_SECONDS,
  RESOURCE_TOKEN_SECONDS,
  TOKEN_TYPES,
} from "./names.ts";
import {
  type BoundTokenClaims,
  type BoundTokenType,
  checkTimes,
  isBoundTokenType,
  openBoundToken,
  publishedAt,
  readResourceClaims,
  requireNotRevoked,
} from "./token-rules.ts";

export type { AgentTokenClaims, AuthTokenClaims, PersonTokenClaims, ResourceTokenClaims } from "./claims.ts";

// -------------------------------------------------------------------------------------------------------------------- issue

/** A token, and what it says: its issuer keeps `jti` and `exp` for revocations. */
export interface IssuedToken<Claims> {
  /** Compact JWS. */
  readonly token: string;
  readonly claims: Claims;
}

interface IssueOptions {
  /** A key that the issuer publishes. */
  readonly key: SigningKey;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

interface BoundIssueOptions extends IssueOptions {
  /** The key that signs what the token comes with. */
  readonly confirmationKey: PublicJwk;
  /** Seconds. Default 3600. */
  readonly lifetimeSeconds?: number | undefined;
  /**
   * Unix seconds; the token expires then at the latest. For person and auth tokens: the least `exp` of the agent token, presented token, upstream
   * token and mission that it follows from (sections 7.1.2 and 9.4.1). Default: unset.
   */
  readonly notAfter?: number | undefined;
}

export interface IssueAgentTokenOptions extends Omit<BoundIssueOptions, "notAfter"> {
  /** Server identifier of the agent provider. */
  readonly issuer: string;
  /** Agent identifier, at the provider's domain. */
  readonly agent: string;
  /** Server identifier of the agent's person server. Default: it has none. */
  readonly personServer?: string | undefined;
  /** Agent identifier of the parent, of a sub-agent. Default: it is none. */
  readonly parentAgent?: string | undefined;
}

/**
 * Issues an agent token (section 5.3).
 *
 * Does NOT check that the agent holds the private key.
 *
 * @throws TypeError for an invalid identifier, an agent or parent at another domain than the
 * provider's, and a name that breaks the rules for `+`
 * @throws RangeError for a lifetime of more than 24 hours
 *
 * @example
 * const { token } = await issueAgentToken({ key, issuer: "https://agent.example", agent: "aauth:planner@agent.example", confirmationKey });
 */
export async function issueAgentToken(
  options: IssueAgentTokenOptions,
): Promise<IssuedToken<AgentTokenClaims>> {
  const { issuer, agent, personServer, parentAgent, confirmationKey } = options;
  requireServer("issuer", issuer);
  requireAgentOf("agent", agent, issuer);
  if (parentAgent !== undefined) requireAgentOf("parentAgent", parentAgent, issuer);
  requireLocalPart(agent, parentAgent);
  if (personServer !== undefined) requireServer("personServer", personServer);
  return issue(TOKEN_TYPES.agent, "agent", options, AGENT_TOKEN_SECONDS, AGENT_TOKEN_MAX_SECONDS, {
    iss: issuer,
    sub: agent,
    ...(personServer !== undefined && { ps: personServer }),
    ...(parentAgent !== undefined && { parent_agent: parentAgent }),
    cnf: { jwk: namedKey(confirmationKey) },
  });
}

export interface IssuePersonTokenOptions extends BoundIssueOptions {
  /** Server identifier of the person server. */
  readonly issuer: string;
  /** Server identifier of the resource. */
  readonly audience: string;
  /** The person as this resource is to know them. */
  readonly subject: string;
  readonly tenant?: string | undefined;
  readonly missionS256?: string | undefined;
}

/**
 * Issues a person token (section 7.1.1).
 *
 * Does NOT decide whether the person agrees, and does NOT make the `subject` of a resource.
 *
 * @throws TypeError for an identifier that is none
 * @throws RangeError for a lifetime of more than an hour, or one that `notAfter` leaves nothing of
 */
export async function issuePersonToken(
  options: IssuePersonTokenOptions,
): Promise<IssuedToken<PersonTokenClaims>> {
  const { issuer, audience, subject, tenant, missionS256, confirmationKey } = options;
  requireServer("issuer", issuer);
  requireServer("audience", audience);
  return issue(TOKEN_TYPES.person, "person", options, BOUND_TOKEN_MAX_SECONDS, BOUND_TOKEN_MAX_SECONDS, {
    iss: issuer,
    aud: audience,
    sub: requireText("subject", subject),
    ...(tenant !== undefined && { tenant }),
    ...(missionS256 !== undefined && { mission_s256: missionS256 }),
    cnf: { jwk: namedKey(confirmationKey) },
  });
}

export interface IssueResourceTokenOptions extends IssueOptions {
  /** Server identifier of the resource that issues. */
  readonly issuer: string;
  /** Who sent the request: proven, with a person token or an auth token. */
  readonly caller: ProvenCaller;
  /** Server identifier of the resource's access server. Default: it has none, and the token is for the person server of the caller's person. */
  readonly accessServer?: string | undefined;
  /** Space-separated scopes. Default: none. */
  readonly scope?: string | undefined;
  /** The account of the resource that is to be used, where the request names one. Default: none. */
  readonly account?: string | undefined;
  readonly loginHint?: string | undefined;
  /** The resource's own page, where the person has to act first. Default: none. */
  readonly interaction?: { readonly url: string; readonly code: string } | undefined;
  /** Seconds. Default 300, which is also the most. */
  readonly lifetimeSeconds?: number | undefined;
}

/**
 * Issues a resource token (section 6.7). What it says of person, tenant and mission is copied from the token that the caller has shown.
 *
 * @throws TypeError for a caller that has shown neither a person token nor an auth token of draft -11: ask it for a person token
 * @throws RangeError for a lifetime of more than 300 s
 */
export async function issueResourceToken(
  options: IssueResourceTokenOptions,
): Promise<IssuedToken<ResourceTokenClaims>> {
  const { issuer, caller, accessServer, scope, account, loginHint, interaction } = options;
  requireServer("issuer", issuer);
  if (accessServer !== undefined) requireServer("accessServer", accessServer);
  const { ps, claims } = presentedBy(caller);
  const { sub, jti, tenant, mission_s256 } = claims;
  return issue(
    TOKEN_TYPES.resource,
    "resource",
    options,
    RESOURCE_TOKEN_SECONDS,
    RESOURCE_TOKEN_MAX_SECONDS,
    {
      iss: issuer,
      aud: accessServer ?? ps,
      ps,
      sub,
      presented_jti: jti,
      agent_jkt: caller.thumbprint,
      ...(scope !== undefined && { scope }),
      ...(account !== undefined && { account }),
      ...(tenant !== undefined && { tenant }),
      ...(mission_s256 !== undefined && { mission_s256 }),
      ...(loginHint !== undefined && { login_hint: loginHint }),
      ...(interaction !== undefined && { interaction }),
    },
  );
}

const [, PERSON_LEVEL, AUTH_LEVEL] = LEVELS;

/** Whether a resource token can be issued for a caller. */
export const hasPresentedPerson = ({ level }: ProvenCaller): boolean =>
  level === PERSON_LEVEL || level === AUTH_LEVEL;

/** The token that a proven caller has shown, and the person server of its person. */
function presentedBy(caller: ProvenCaller) {
  if (caller.level === PERSON_LEVEL && caller.identityToken !== undefined) {
    const claims = caller.identityToken as unknown as PersonTokenClaims;
    return { ps: claims.iss, claims };
  }
  if (caller.level === AUTH_LEVEL && caller.grant !== undefined) {
    const claims = caller.grant.claims as unknown as AuthTokenClaims;
    return { ps: claims.ps, claims };
  }
  throw new TypeError("a resource token needs a caller that has shown a person token or an auth token");
}

export interface IssueAuthTokenOptions extends BoundIssueOptions {
  /** Server identifier of the issuer: a person server, or the access server of the resource. */
  readonly issuer: string;
  /** Server identifier of the person's person server, where an access server issues. Default: the issuer. */
  readonly personServer?: string | undefined;
  /** Server identifier of the resource. */
  readonly audience: string;
  /** Copied from the resource token, as are the next five. */
  readonly subject: string;
  /** Space-separated; not more than the resource token asks for. */
  readonly scope?: string | undefined;
  readonly account?: string | undefined;
  readonly tenant?: string | undefined;
  readonly missionS256?: string | undefined;
  /** Claims of the person that the resource may know, with OpenID Connect's meaning. Default: none. */
  readonly userClaims?: Readonly<Record<string, unknown>> | undefined;
}

/** Claims of the protocol, and those that an auth token never has: no user claim takes their place. */
const RESERVED: ReadonlySet<string> = new Set([
  ...["iss", "dwk", "aud", "ps", "sub", "jti", "iat", "exp", "nbf", "cnf", "scope", "account", "tenant"],
  ...["mission_s256", "act", "agent", "parent_agent", "agent_jkt", "presented_jti"],
]);

/**
 * Issues an auth token (section 9.4).
 *
 * Does NOT check anything but shapes: whether to issue is the issuer's policy, as is that `scope` is not more than was asked for.
 *
 * @throws TypeError for an identifier that is none, and for a user claim with the name of one of the protocol
 * @throws RangeError for a lifetime of more than an hour, or one that `notAfter` leaves nothing of
 */
export async function issueAuthToken(options: IssueAuthTokenOptions): Promise<IssuedToken<AuthTokenClaims>> {
  const { issuer, personServer = issuer, audience, subject, userClaims = {} } = options;
  const { scope, account, tenant, missionS256, confirmationKey } = options;
  requireServer("issuer", issuer);
  requireServer("personServer", personServer);
  requireServer("audience", audience);
  for (const name of Object.keys(userClaims)) {
    if (RESERVED.has(name)) throw new TypeError(`userClaims must not have ${name}`); // hole T15
  }
  const kind = personServer === issuer ? "person" : "access";
  return issue(TOKEN_TYPES.auth, kind, options, BOUND_TOKEN_MAX_SECONDS, BOUND_TOKEN_MAX_SECONDS, {
    iss: issuer,
    aud: audience,
    ps: personServer,
    sub: requireText("subject", subject),
    ...(scope !== undefined && { scope }),
    ...(account !== undefined && { account }),
    ...(tenant !== undefined && { tenant }),
    ...(missionS256 !== undefined && { mission_s256: missionS256 }),
    ...userClaims,
    cnf: { jwk: namedKey(confirmationKey) },
  });
}

async function issue<Claims extends CommonClaims>(
  typ: string,
  kind: DocumentKind,
  options: IssueOptions & {
    readonly lifetimeSeconds?: number | undefined;
    readonly notAfter?: number | undefined;
  },
  defaultSeconds: number,
  maxSeconds: number,
  own: Readonly<Record<string, unknown>>,
): Promise<IssuedToken<Claims>> {
  const { key, lifetimeSeconds = defaultSeconds, notAfter = Number.POSITIVE_INFINITY } = options;
  if (!(Number.isSafeInteger(lifetimeSeconds) && lifetimeSeconds >= 1 && lifetimeSeconds <= maxSeconds)) {
    throw new RangeError(`lifetimeSeconds must be a whole number from 1 to ${maxSeconds}`);
  }
  const iat = (options.now ?? systemSeconds)();
  const exp = Math.min(iat + lifetimeSeconds, notAfter); // hole T15a
  if (!(exp > iat)) throw new RangeError("notAfter must be in the future");
  const { iss, ...rest } = own;
  const jti = encodeBase64Url(platformCrypto.randomBytes(16));
  const claims = { iss, dwk: DOCUMENTS[kind], jti, iat, exp, ...rest } as unknown as Claims;
  const header = { alg: key.alg, typ, kid: key.kid };
  return { token: await signJwt(header, claims, (data) => key.sign(data)), claims };
}

function requireServer(name: string, value: string): void {
  if (!isServerIdentifier(value)) throw new TypeError(`${name} must be a server identifier: https://host`);
}

function requireAgentOf(name: string, value: string, issuer: string): void {
  const agent = parseAgentIdentifier(value);
  if (agent === undefined || `https://${agent.domain}` !== issuer) {
    throw new TypeError(`${name} must be aauth:name@host, at the issuer's host`);
  }
}

/**
 * Section 5.2: `+` stands between the name of a sub-agent's parent and a discriminator, and nowhere
 * else.
 */
function requireLocalPart(agent: string, parentAgent: string | undefined): void {
  const localOf = (id: string) => parseAgentIdentifier(id)!.local;
  const topLevel = parentAgent ?? agent;
  if (localOf(topLevel).includes("+")) {
    throw new TypeError(`${topLevel} has a + in its name, as sub-agents alone have`);
  }
  if (parentAgent === undefined) return;
  const prefix = `${localOf(parentAgent)}+`;
  const local = localOf(agent);
  if (!local.startsWith(prefix) || local === prefix) {
    throw new TypeError(`agent of a sub-agent must be named ${prefix} and a discriminator`);
  }
}

function requireText(name: string, value: string): string {
  if (typeof value !== "string" || value === "")
    throw new TypeError(`${name} must be a text that is not empty`);
  return value;
}

const systemSeconds = () => Math.floor(Date.now() / 1000);

// ------------------------------------------------------------------------------------------------------------------- verify

interface VerifyOptions {
  /** Finds the keys of issuers: `createDiscovery()`. */
  readonly discovery: Discovery;
  /** Asked once the signature has verified. Default: no token is revoked. */
  readonly isRevoked?: RevocationCheck | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** Tokens whose signature has been verified before. Default: none; each call verifies it. */
  readonly cache?: VerifiedTokens<VerifiedToken> | undefined;
}

export interface VerifyAgentTokenOptions extends VerifyOptions {
  /** Agent providers that count. Default: any that discovery can reach. */
  readonly trustedIssuers?: TrustPolicy | undefined;
}

export interface VerifyBoundTokenOptions extends VerifyOptions {
  /** Server identifier of the recipient. */
  readonly audience: string;
  /** Person servers and access servers that count. A token of another one is refused before anything is fetched. */
  readonly trustedIssuers: TrustPolicy;
}

/** A verified token. */
export interface OpenedToken<Claims> {
  readonly claims: Claims;
  /** The key that has to have signed what it came with. */
  readonly key: VerificationKey;
}

/**
 * Verifies an agent token: `typ`, shapes, the provider's domain in the agent's identifier, signature, times, revocation. `exp` has no tolerance; `iat`
 * may be 60 s ahead.
 *
 * @throws AAuthVerificationError any code of the token and discovery groups; `untrusted_issuer` before anything is fetched
 * @throws AAuthVerificationError `token_revoked`; `key_algorithm_not_allowed`, `unsupported_key` for the key in `cnf.jwk`
 *
 * Does NOT check that a message was signed with `cnf.jwk`: compare `key.thumbprint`.
 */
export const verifyAgentToken = (
  token: string,
  options: VerifyAgentTokenOptions,
): Promise<OpenedToken<AgentTokenClaims>> =>
  open(token, TOKEN_TYPES.agent, { trustedIssuers: undefined, ...options });

/** Verifies a person token; the same errors as {@link verifyAgentToken}, and `token_audience_mismatch`. */
export const verifyPersonToken = (
  token: string,
  options: VerifyBoundTokenOptions,
): Promise<OpenedToken<PersonTokenClaims>> => open(token, TOKEN_TYPES.person, options);

/** Verifies an auth token; the same errors as {@link verifyPersonToken}. Does NOT judge scope or account. */
export const verifyAuthToken = (
  token: string,
  options: VerifyBoundTokenOptions,
): Promise<OpenedToken<AuthTokenClaims>> => open(token, TOKEN_TYPES.auth, options);

function open<Type extends BoundTokenType>(
  token: string,
  type: Type,
  options: VerifyOptions & { readonly audience?: string; readonly trustedIssuers: TrustPolicy | undefined },
): Promise<OpenedToken<BoundTokenClaims<Type>>> {
  const { audience, trustedIssuers, discovery, isRevoked, cache } = options;
  const now = (options.now ?? systemSeconds)();
  return openBoundToken(token, type, { audience, trustedIssuers }, { discovery, isRevoked, cache, now });
}

/**
 * Verifies the token of a sub-agent that a parent brings along (section 10.2): as an agent token, and that it is the parent's own, one level deep, with a
 * key of its own. Nothing is fetched for a token of another provider.
 *
 * @param options.parent of the verified agent token that signed the request
 * @throws AAuthVerificationError as {@link verifyAgentToken}; `token_agent_mismatch`, `token_key_mismatch`
 */
export async function verifySubagentToken(
  token: string,
  options: VerifyOptions & { readonly parent: OpenedToken<AgentTokenClaims> },
): Promise<OpenedToken<AgentTokenClaims>> {
  const { parent } = options;
  const opened = await verifyAgentToken(token, { ...options, trustedIssuers: [parent.claims.iss] });
  // hole T14
  if (opened.claims.parent_agent !== parent.claims.sub || parent.claims.parent_agent !== undefined) {
    throw new AAuthVerificationError(
      "token_agent_mismatch",
      "the token is not of a sub-agent of the caller",
      {
        claim: "parent_agent",
      },
    );
  }
  // hole T14
  if (opened.key.thumbprint === parent.key.thumbprint) {
    throw new AAuthVerificationError("token_key_mismatch", "the sub-agent has the key of its parent", {
      claim: "cnf",
    });
  }
  return opened;
}

export interface VerifyResourceTokenOptions extends VerifyOptions {
  /** Server identifier of the person server or access server that verifies. */
  readonly audience: string;
  /** Thumbprint of the agent's key: the one that signed the token request, or that of a sub-agent's token. */
  readonly agentJkt: string;
  /** Server identifier of the person server that has to be named: the verifier's own, or at an access server the one that signed the request. */
  readonly personServer: string;
}

/**
 * Verifies a resource token at the server that redeems it (section 6.7.2 without step 3): `typ`, shapes, recipient, key, person server, signature, times,
 * revocation.
 *
 * @throws AAuthVerificationError any code of the token and discovery groups; `token_key_mismatch`, `presented_token_mismatch` for `ps`
 *
 * Does NOT look at the presented token: {@link verifyPresentedToken} does. Does NOT judge scope or mission.
 */
export async function verifyResourceToken(
  token: string,
  options: VerifyResourceTokenOptions,
): Promise<ResourceTokenClaims> {
  const decoded = decodeJwt(token);
  const { alg, kid } = checkHeader(decoded, { type: TOKEN_TYPES.resource, algorithms: ALGORITHMS });
  const claims = readResourceClaims(decoded);
  checkAudience(claims.aud, options.audience); // hole T8
  requireKey(claims.agent_jkt, options.agentJkt); // hole T7
  if (claims.ps !== options.personServer) throw mismatch("ps");
  // hole T7
  await verifyWithPublishedKey(
    token,
    alg,
    { ...publishedAt(claims), kid },
    fullySpecified(options.discovery),
  );
  checkTimes(claims, (options.now ?? systemSeconds)());
  await requireNotRevoked(TOKEN_TYPES.resource, claims, options.isRevoked);
  return claims;
}

/**
 * Verifies the token that an agent had shown to the resource (section 6.7.2, step 3): as the resource did, with its `aud` and the key of the resource token;
 * then that both speak of the same token, person, tenant and mission.
 *
 * @param options.resourceToken claims of the verified resource token
 * @throws AAuthVerificationError as {@link verifyPersonToken}, `token_key_mismatch`: the presented token is refused
 * @throws AAuthVerificationError `presented_token_mismatch`: the resource token is refused; log it, someone has exchanged one of them
 */
export async function verifyPresentedToken(
  token: string,
  options: Omit<VerifyBoundTokenOptions, "audience"> & { readonly resourceToken: ResourceTokenClaims },
): Promise<OpenedToken<PersonTokenClaims | AuthTokenClaims> & { readonly type: string }> {
  const { resourceToken } = options;
  const { typ } = decodeJwt(token).header;
  if (!isBoundTokenType(typ) || typ === TOKEN_TYPES.agent) {
    throw new AAuthVerificationError(
      "token_type_mismatch",
      "the presented token is no person or auth token",
      {
        claim: "typ",
        expected: `${TOKEN_TYPES.person}, ${TOKEN_TYPES.auth}`,
      },
    );
  }
  const opened = await open(token, typ, { ...options, audience: resourceToken.iss });
  requireKey(opened.key.thumbprint, resourceToken.agent_jkt); // hole T10
  const claims = opened.claims as PersonTokenClaims | AuthTokenClaims;
  const ps = typ === TOKEN_TYPES.person ? claims.iss : claims.ps;
  if (claims.jti !== resourceToken.presented_jti) throw mismatch("presented_jti"); // hole T9
  if (ps !== resourceToken.ps) throw mismatch("ps");
  // hole T9
  for (const name of ["sub", "mission_s256", "tenant"]) {
    if (claims[name] !== resourceToken[name]) throw mismatch(name);
  }
  return { claims, key: opened.key, type: typ };
}

function requireKey(found: string, expected: string): void {
  if (found === expected) return;
  throw new AAuthVerificationError("token_key_mismatch", "the token is bound to another key", {
    claim: "agent_jkt",
    expected,
  });
}

const mismatch = (claim: string): AAuthVerificationError =>
  new AAuthVerificationError(
    "presented_token_mismatch",
    `the resource token's ${claim} is that of another token`,
    {
      claim,
    },
  );
