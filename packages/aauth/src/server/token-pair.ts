/**
 * A resource token and the token that the agent presented to the resource. A request for an auth
 * token depends on both, at a person server and an access server (draft -11, sections 6.7.2, 7.2,
 * 7.5.2.2 and 9.4).
 *
 * @module
 */

import type { AuthTokenClaims, PersonTokenClaims, ResourceTokenClaims } from "../draft-11/claims.ts";
import { issueAuthToken } from "../draft-11/issue-tokens.ts";
import { TOKEN_TYPES } from "../draft-11/names.ts";
import { type OpenedToken, verifyPresentedToken, verifyResourceToken } from "../draft-11/verify-tokens.ts";
import { scopesOf } from "../tokens/scopes.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type { Answer, PublicJwk } from "../types.ts";
import { Problem, succeeded } from "./answers.ts";
import { assertionsOfResource } from "./assertions.ts";
import type { ExpiringToken } from "./issued-tokens.ts";
import type { Dependency, RequestRecord } from "./request-types.ts";
import type { ServerParts } from "./server-types.ts";
import { checking, dependency, requiredToken, type TokenChecks } from "./token-parameters.ts";
import type { AskedRequest } from "./types.ts";

/** Both tokens as received, by their parameter names. */
export interface TokenPair {
  readonly resource_token: string;
  readonly presented_token: string;
}

/** Both tokens, verified together. */
export interface VerifiedPair {
  readonly resource: ResourceTokenClaims;
  readonly presented: OpenedToken<PersonTokenClaims | AuthTokenClaims>;
}

/** Data for issuing the token of a request. Plain data. */
export interface PairWork {
  /** The key to which the token is bound. */
  readonly confirmationKey: PublicJwk;
  /** Latest expiry of the issued token, Unix seconds. */
  notAfter: number;
  /** Unset if no pair is needed. */
  pair?: { readonly resource: ResourceTokenClaims; readonly presented: ExpiringToken };
}

/** @throws Problem `invalid_request` */
export const requiredPair = (members: Readonly<Record<string, unknown>>): TokenPair => ({
  resource_token: requiredToken(members, "resource_token"),
  presented_token: requiredToken(members, "presented_token"),
});

/**
 * Verifies a resource token and the presented token (section 6.7.2). In an updated request, the
 * resource token must be from the same resource, for the same person and key, as the previous one
 * (section 7.5.2.2).
 *
 * @throws Problem with a code of that section; `invalid_resource_token` for other parties
 */
export async function verifyPair(
  tokens: TokenPair,
  expected: {
    readonly audience: string;
    readonly agentJkt: string;
    readonly personServer: string;
    /** Trusted issuers of the presented token. */
    readonly issuers: TrustPolicy;
  },
  checks: TokenChecks,
  before?: ResourceTokenClaims,
): Promise<VerifiedPair> {
  const { issuers: trustedIssuers, ...own } = expected;
  const resource = await checking("resource", checks, () =>
    verifyResourceToken(tokens.resource_token, { ...checks, ...own }),
  );
  const presented = await checking("presented", checks, () =>
    verifyPresentedToken(tokens.presented_token, { ...checks, trustedIssuers, resourceToken: resource }),
  );
  if (before !== undefined) requireSameParties(before, resource);
  return { resource, presented };
}

const SAME_IN_UPDATE = ["iss", "aud", "ps", "sub", "agent_jkt", "mission_s256", "tenant"];

function requireSameParties(before: ResourceTokenClaims, after: ResourceTokenClaims): void {
  // hole T30
  for (const name of SAME_IN_UPDATE) {
    if (after[name] === before[name]) continue;
    throw new Problem(400, "invalid_resource_token", `the new resource token has another ${name}`);
  }
}

/** The request of a pair, for a policy. */
export async function askedBy({ resource }: VerifiedPair, { discovery }: Pick<ServerParts, "discovery">) {
  const { iss, account, tenant, login_hint: loginHint } = resource;
  const scopes = scopesOf(resource.scope);
  const fromResource = { ...(await assertionsOfResource(discovery, iss, scopes)), loginHint };
  return { kind: "auth-token", resource: iss, scopes, account, tenant, fromResource } as const;
}

const OF_PAIR = { resource: "resource token", presented: "presented token" };

/** Data of a request with a pair, whose token expires at the latest with the presented one. */
export function withPair<Work extends PairWork>(
  pair: VerifiedPair,
  work: Work,
  depends: readonly Dependency[],
) {
  const { iss, jti, exp } = pair.presented.claims;
  const kept = { resource: pair.resource, presented: { iss, jti, exp } };
  const others = depends.filter(({ what }) => what !== OF_PAIR.resource && what !== OF_PAIR.presented);
  return {
    work: { ...work, pair: kept, notAfter: Math.min(work.notAfter, exp) },
    depends: [
      ...others,
      dependency(OF_PAIR.resource, TOKEN_TYPES.resource, pair.resource),
      dependency(OF_PAIR.presented, pair.presented.type, pair.presented.claims),
    ],
  };
}

/**
 * Replaces the pair of a request. After a grant, the new pair may request only granted scopes,
 * because there is no new decision.
 *
 * @param asked request of the pair
 * @throws Problem `invalid_resource_token`
 */
export function replacePair<Work extends PairWork>(
  record: RequestRecord<Work>,
  pair: VerifiedPair,
  asked: Partial<AskedRequest> & Pick<AskedRequest, "scopes">,
): void {
  const granted = grantedScopes(record.asked.scopes, record.grant?.scopes);
  const isGranted =
    asked.account === record.asked.account && asked.scopes.every((scope) => granted.includes(scope));
  // hole T31
  if (record.state === "granted" && !isGranted) {
    const why = "the new resource token exceeds the grant";
    throw new Problem(400, "invalid_resource_token", why);
  }
  const { work, depends } = withPair(pair, record.work, record.depends);
  record.asked = { ...record.asked, ...asked };
  record.depends = depends; // hole T30
  record.work = work; // hole T47
  record.expiresAt = Math.min(record.expiresAt, work.notAfter); // hole T30
}

/** The granted ones of the requested scopes. */
export const grantedScopes = (
  asked: readonly string[],
  granted: readonly string[] | undefined,
): readonly string[] => (granted === undefined ? asked : asked.filter((scope) => granted.includes(scope)));

/**
 * Issues the granted auth token of a request with a pair.
 *
 * @param keep records the token before it is issued
 */
export async function issueGranted(
  { asked, work, grant }: RequestRecord<PairWork>,
  { key, issuer, now }: Pick<ServerParts, "key" | "issuer" | "now">,
  keep: (claims: AuthTokenClaims) => Promise<void>,
): Promise<Answer> {
  const { confirmationKey, notAfter, pair } = work;
  const { iss: audience, ps: personServer, sub: subject, scope, account, tenant } = pair!.resource;
  const { mission_s256: missionS256 } = pair!.resource;
  const { token, claims } = await issueAuthToken({
    key: key(),
    issuer,
    personServer,
    audience,
    subject,
    account,
    tenant,
    missionS256,
    scope: scope === undefined ? undefined : grantedScopes(asked.scopes, grant?.scopes).join(" "), // hole T22b: scope
    userClaims: grant?.claims,
    confirmationKey,
    notAfter,
    now,
  });
  await keep(claims);
  return tokenOutcome(token, claims.exp - claims.iat);
}

/** The outcome with an auth token. @param expiresIn seconds */
export const tokenOutcome = (token: string, expiresIn: number): Answer =>
  succeeded({ auth_token: token, expires_in: expiresIn });
