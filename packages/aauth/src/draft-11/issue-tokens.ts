/**
 * Issues the tokens of draft -11: for agent providers, person servers, access servers and
 * resources.
 *
 * @module
 */

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
  /** The key that signs what the token comes with. */
  readonly confirmationKey: PublicJwk;
  /** Seconds. Default 3600. */
  readonly lifetimeSeconds?: number | undefined;
  /**
   * Unix seconds; the token expires then at the latest. For person and auth tokens: the least `exp`
   * of the agent token, presented token, upstream token and mission that it follows from (sections
   * 7.1.2 and 9.4.1). Default: unset.
   */
  readonly notAfter?: number | undefined;
}

/** An agent token to issue (section 5.3). */
export interface IssueAgentTokenOptions extends Omit<BoundIssueOptions, "notAfter"> {
  /** Server identifier of the agent provider. */
  readonly issuer: string;
  /** Agent identifier, at the provider's domain. */
  readonly agent: string;
  /** Server identifier of the agent's person server. Default: it has none. */
  readonly personServer?: string | undefined;
  /** Agent identifier of the parent, of a sub-agent. Default: it has none. */
  readonly parentAgent?: string | undefined;
}

/**
 * Issues an agent token (section 5.3).
 *
 * Does NOT check that the agent holds the private key.
 *
 * @throws TypeError for an invalid identifier, an agent or parent at another domain than the
 *   provider's, and a name that breaks the rules for `+`
 * @throws RangeError for a lifetime of more than 24 hours
 *
 * @example
 * const { token } = await issueAgentToken({ key, issuer: "https://agent.example", agent: "aauth:planner@agent.example", confirmationKey });
 */
export async function issueAgentToken(
  options: IssueAgentTokenOptions,
): Promise<IssuedToken<AgentTokenClaims>> {
  const { issuer, agent, personServer, parentAgent, confirmationKey } = options;
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
 * @throws TypeError for an invalid identifier
 * @throws RangeError for a lifetime of more than an hour, or one that `notAfter` leaves nothing of
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
  /** The proven sender of the request, which has shown a person token or an auth token. */
  readonly caller: ProvenCaller;
  /**
   * Server identifier of the resource's access server. Default: it has none, and the token is for
   * the person server of the caller's person.
   */
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
 * Issues a resource token (section 6.7). What it says of person, tenant and mission is copied from
 * the token that the caller has shown.
 *
 * @throws TypeError for a caller that has shown neither a person token nor an auth token of draft
 *   -11: ask it for a person token
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

/** An auth token to issue (section 9.4). */
export interface IssueAuthTokenOptions extends BoundIssueOptions {
  /** Server identifier of the issuer: a person server, or the access server of the resource. */
  readonly issuer: string;
  /** The person's person server, where an access server issues. Default: the issuer. */
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
  /**
   * Claims of the person that the resource may know, with OpenID Connect's meaning. Default: none.
   */
  readonly userClaims?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Claims of the protocol, and those that an auth token never has: no user claim takes their place.
 */
const RESERVED: ReadonlySet<string> = new Set([
  ...["iss", "dwk", "aud", "ps", "sub", "jti", "iat", "exp", "nbf", "cnf", "scope", "account", "tenant"],
  ...["mission_s256", "act", "agent", "parent_agent", "agent_jkt", "presented_jti"],
]);

/**
 * Issues an auth token (section 9.4).
 *
 * Does NOT check anything but shapes: whether to issue is the issuer's policy, as is that `scope`
 * is not more than was asked for.
 *
 * @throws TypeError for an invalid identifier, and for a user claim with the name of one of
 *   the protocol
 * @throws RangeError for a lifetime of more than an hour, or one that `notAfter` leaves nothing of
 */
export async function issueAuthToken(options: IssueAuthTokenOptions): Promise<IssuedToken<AuthTokenClaims>> {
  const { issuer, personServer = issuer, audience, subject, userClaims = {} } = options;
  const { scope, account, tenant, missionS256, confirmationKey } = options;
  for (const name of Object.keys(userClaims)) {
    if (RESERVED.has(name)) throw new TypeError(`userClaims must not have ${name}`); // hole T15
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

/** Section 5.2: `+` stands between the name of a parent and a discriminator, and nowhere else. */
function requireLocalPart(agent: string, parentAgent: string | undefined): void {
  const localOf = (id: string) => parseAgentIdentifier(id)?.local ?? "";
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
