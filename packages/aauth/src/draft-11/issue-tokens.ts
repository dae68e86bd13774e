/**
 * Issues the tokens of draft -11: for agent providers, person servers, access servers and
 * resources.
 *
 * @module
 */

import { requireSigningKey } from "../keys/key-option.ts";
import { type IssuedToken, type IssueTokenOptions, issueToken, newJti } from "../tokens/issue-token.ts";
import { tokenSignerOf } from "../tokens/token-signer.ts";
import type { ProvenCaller, PublicJwk, SigningKey } from "../types.ts";
import type { AgentTokenClaims, AuthTokenClaims, PersonTokenClaims, ResourceTokenClaims } from "./claims.ts";
import { parseAgentIdentifier } from "./identifiers.ts";
import { namedKey } from "./keys.ts";
import { DOCUMENTS, type DocumentKind, LEVELS } from "./names.ts";
import { AGENT_TOKEN, AUTH_TOKEN, PERSON_TOKEN, RESOURCE_TOKEN } from "./token-schemas.ts";

interface IssueOptions {
  /** A key that the issuer publishes. */
  readonly key: SigningKey;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

interface BoundIssueOptions extends IssueOptions {
  /** The key that signs the requests that carry the token. */
  readonly confirmationKey: PublicJwk;
  /** Seconds. Default 3600. */
  readonly lifetimeSeconds?: number | undefined;
  /**
   * Latest expiry in Unix seconds. For person and auth tokens: the earliest `exp` of the agent
   * token, presented token, upstream token and mission from which it derives (sections 7.1.2 and
   * 9.4.1). Default: unset.
   */
  readonly notAfter?: number | undefined;
}

/** An agent token to issue (section 5.3). */
export interface IssueAgentTokenOptions extends Omit<BoundIssueOptions, "notAfter"> {
  /** Server identifier of the agent provider. */
  readonly issuer: string;
  /** Agent identifier, at the provider's domain. */
  readonly agent: string;
  /** Server identifier of the agent's person server. Default: none. */
  readonly personServer?: string | undefined;
  /** Agent identifier of a sub-agent's parent. Default: none. */
  readonly parentAgent?: string | undefined;
}

/**
 * Issues an agent token (section 5.3).
 *
 * Does NOT check that the agent holds the private key.
 *
 * @throws TypeError for a key that cannot sign, an invalid identifier, an agent or parent outside
 *   the provider's domain, or a name that breaks the rules for `+`
 * @throws RangeError for a lifetime of more than 24 hours
 *
 * @example
 * const { token } = await issueAgentToken({ key, issuer: "https://agent.example", agent: "aauth:planner@agent.example", confirmationKey });
 */
export async function issueAgentToken(
  options: IssueAgentTokenOptions,
): Promise<IssuedToken<AgentTokenClaims>> {
  const { issuer, agent, personServer, parentAgent, confirmationKey } = options;
  requireSigningKey("key", options.key);
  requireLocalPart(agent, parentAgent);
  return issueToken(AGENT_TOKEN, signingWith(options), (times) => ({
    ...commonClaims(issuer, "agent", times),
    sub: agent,
    ps: personServer,
    parent_agent: parentAgent,
    cnf: { jwk: namedKey(confirmationKey) },
  }));
}

/** A person token to issue (section 7.1). */
export interface IssuePersonTokenOptions extends BoundIssueOptions {
  /** Server identifier of the person server. */
  readonly issuer: string;
  /** Server identifier of the resource. */
  readonly audience: string;
  /** Identifier of the person for this resource. */
  readonly subject: string;
  readonly tenant?: string | undefined;
  readonly missionS256?: string | undefined;
}

/**
 * Issues a person token (section 7.1.1).
 *
 * Does NOT ask for the person's consent, and does NOT derive `subject`.
 *
 * @throws TypeError for an invalid identifier
 * @throws RangeError for a lifetime of more than an hour, or a `notAfter` that has passed
 */
export async function issuePersonToken(
  options: IssuePersonTokenOptions,
): Promise<IssuedToken<PersonTokenClaims>> {
  const { issuer, audience, subject, tenant, missionS256, confirmationKey } = options;
  return issueToken(PERSON_TOKEN, signingWith(options), (times) => ({
    ...commonClaims(issuer, "person", times),
    aud: audience,
    sub: subject,
    tenant,
    mission_s256: missionS256,
    cnf: { jwk: namedKey(confirmationKey) },
  }));
}

/** A resource token to issue (section 6.7). */
export interface IssueResourceTokenOptions extends IssueOptions {
  /** Server identifier of the resource that issues. */
  readonly issuer: string;
  /** The verified caller, which has presented a person token or an auth token. */
  readonly caller: ProvenCaller;
  /**
   * Server identifier of the resource's access server. Default: none; the token is for the person
   * server of the caller's person.
   */
  readonly accessServer?: string | undefined;
  /** Space-separated scopes. Default: none. */
  readonly scope?: string | undefined;
  /** Account at the resource, if the request names one. Default: none. */
  readonly account?: string | undefined;
  readonly loginHint?: string | undefined;
  /** The resource's own page, on which the person must act first. Default: none. */
  readonly interaction?: { readonly url: string; readonly code: string } | undefined;
  /** Seconds. Default and maximum: 300. */
  readonly lifetimeSeconds?: number | undefined;
}

/**
 * Issues a resource token (section 6.7). Person, tenant and mission are copied from the token that
 * the caller has presented.
 *
 * @throws TypeError for a caller that has presented neither a person token nor an auth token of
 *   draft -11; require a person token from it first
 * @throws RangeError for a lifetime of more than 300 s
 */
export async function issueResourceToken(
  options: IssueResourceTokenOptions,
): Promise<IssuedToken<ResourceTokenClaims>> {
  const { issuer, caller, accessServer, scope, account, loginHint, interaction } = options;
  const { ps, claims } = presentedBy(caller);
  const { sub, jti, tenant, mission_s256 } = claims;
  return issueToken(RESOURCE_TOKEN, signingWith(options), (times) => ({
    ...commonClaims(issuer, "resource", times),
    aud: accessServer ?? ps,
    ps,
    sub,
    presented_jti: jti,
    agent_jkt: caller.thumbprint,
    scope,
    account,
    tenant,
    mission_s256,
    login_hint: loginHint,
    interaction,
  }));
}

const [, PERSON_LEVEL, AUTH_LEVEL] = LEVELS;

/** Whether a resource token can be issued for a caller. */
export const hasPresentedPerson = ({ level }: ProvenCaller): boolean =>
  level === PERSON_LEVEL || level === AUTH_LEVEL;

/** The token that a verified caller has presented, and the person server of its person. */
function presentedBy(caller: ProvenCaller) {
  if (caller.level === PERSON_LEVEL && caller.identityToken !== undefined) {
    const claims = caller.identityToken as unknown as PersonTokenClaims;
    return { ps: claims.iss, claims };
  }
  if (caller.level === AUTH_LEVEL && caller.grant !== undefined) {
    const claims = caller.grant.claims as unknown as AuthTokenClaims;
    return { ps: claims.ps, claims };
  }
  throw new TypeError("caller must have presented a person token or an auth token");
}

/** An auth token to issue (section 9.4). */
export interface IssueAuthTokenOptions extends BoundIssueOptions {
  /** Server identifier of the issuer: a person server, or the access server of the resource. */
  readonly issuer: string;
  /** The person's person server, if an access server issues. Default: the issuer. */
  readonly personServer?: string | undefined;
  /** Server identifier of the resource. */
  readonly audience: string;
  /** Copied from the resource token, like the next four. */
  readonly subject: string;
  /** Space-separated; at most the scope of the resource token. */
  readonly scope?: string | undefined;
  readonly account?: string | undefined;
  readonly tenant?: string | undefined;
  readonly missionS256?: string | undefined;
  /** OpenID Connect claims of the person that the resource may see. Default: none. */
  readonly userClaims?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Claims of the protocol, and those that an auth token must not have. User claims may not use these
 * names.
 */
const RESERVED: ReadonlySet<string> = new Set([
  "iss",
  "dwk",
  "aud",
  "ps",
  "sub",
  "jti",
  "iat",
  "exp",
  "nbf",
  "cnf",
  "scope",
  "account",
  "tenant",
  "mission_s256",
  "act",
  "agent",
  "parent_agent",
  "agent_jkt",
  "presented_jti",
]);

/**
 * Issues an auth token (section 9.4).
 *
 * Checks shapes only. Does NOT decide whether to issue, or check that `scope` is at most the
 * requested one: that is the issuer's policy.
 *
 * @throws TypeError for an invalid identifier, or a user claim with a reserved name
 * @throws RangeError for a lifetime of more than an hour, or a `notAfter` that has passed
 */
export async function issueAuthToken(options: IssueAuthTokenOptions): Promise<IssuedToken<AuthTokenClaims>> {
  const { issuer, personServer = issuer, audience, subject, userClaims = {} } = options;
  const { scope, account, tenant, missionS256, confirmationKey } = options;
  for (const name of Object.keys(userClaims)) {
    if (RESERVED.has(name)) throw new TypeError(`userClaims must not contain the reserved claim ${name}`); // hole T15
  }
  const kind = personServer === issuer ? "person" : "access";
  return issueToken(AUTH_TOKEN, signingWith(options), (times) => ({
    ...commonClaims(issuer, kind, times),
    aud: audience,
    ps: personServer,
    sub: subject,
    scope,
    account,
    tenant,
    mission_s256: missionS256,
    ...userClaims,
    cnf: { jwk: namedKey(confirmationKey) },
  }));
}

const signingWith = ({
  key,
  ...options
}: IssueOptions & Pick<IssueTokenOptions, "lifetimeSeconds" | "notAfter">): IssueTokenOptions => ({
  ...options,
  signer: tokenSignerOf(key, key.alg),
});

const commonClaims = (
  iss: string,
  kind: DocumentKind,
  times: { readonly iat: number; readonly exp: number },
) => ({
  iss,
  dwk: DOCUMENTS[kind],
  jti: newJti(),
  ...times,
});

/** `+` separates the name of a parent from a discriminator, and has no other use (section 5.2). */
function requireLocalPart(agent: string, parentAgent: string | undefined): void {
  const localOf = (id: string) => parseAgentIdentifier(id)?.local ?? "";
  const topLevel = parentAgent ?? agent;
  if (localOf(topLevel).includes("+")) {
    throw new TypeError(`${topLevel} must not have a + in its name, which is reserved for sub-agents`);
  }
  if (parentAgent === undefined) return;
  const prefix = `${localOf(parentAgent)}+`;
  const local = localOf(agent);
  if (!local.startsWith(prefix) || local === prefix) {
    throw new TypeError(`the name of a sub-agent must be ${prefix} followed by a discriminator`);
  }
}
