/**
 * A resource token with the token that the agent had shown to the resource: a request for an auth
 * token stands on both, at a person server and at an access server (draft -11, sections 6.7.2, 7.2,
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
import type { PublicJwk } from "../types.ts";
import { type Outcome, Problem, succeeded } from "./answers.ts";
import { assertionsOfResource } from "./assertions.ts";
import type { ExpiringToken } from "./issued-tokens.ts";
import type { Dependency, PendingRecord } from "./pending-types.ts";
import type { ServerParts } from "./server-types.ts";
import { checking, dependency, requiredToken, type TokenChecks } from "./token-parameters.ts";
import type { AskedRequest } from "./types.ts";

/** Both tokens as they came, under the names of their parameters. */
export interface TokenPair {
  readonly resource_token: string;
  readonly presented_token: string;
}

/** Both tokens, verified together. */
export interface VerifiedPair {
  readonly resource: ResourceTokenClaims;
  readonly presented: OpenedToken<PersonTokenClaims | AuthTokenClaims>;
}

/** Members of a request that its token is issued with. Plain data. */
export interface PairWork {
  /** The key that a token is bound to. */
  readonly confirmationKey: PublicJwk;
  /** Unix seconds: no token that comes of it lives longer. */
  notAfter: number;
  /** Unset where no pair is needed. */
  pair?: { readonly resource: ResourceTokenClaims; readonly presented: ExpiringToken };
}

/** @throws Problem `invalid_request` */
export const requiredPair = (members: Readonly<Record<string, unknown>>): TokenPair => ({
  resource_token: requiredToken(members, "resource_token"),
  presented_token: requiredToken(members, "presented_token"),
});

/**
 * Verifies a resource token together with the token that the agent had shown (section 6.7.2). That
 * of an updated request is of the same resource, for the same person and key, as the one before
 * (section 7.5.2.2).
 *
 * @throws Problem with the code of that section; `invalid_resource_token` for other parties
 */
export async function verifyPair(
  tokens: TokenPair,
  expected: {
    readonly audience: string;
    readonly agentJkt: string;
    readonly personServer: string;
    /** Issuers of the presented token that are trusted. */
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

/** The request of a pair, in the words of a policy. */
export async function askedBy({ resource }: VerifiedPair, { discovery }: Pick<ServerParts, "discovery">) {
  const { iss, account, tenant, login_hint: loginHint } = resource;
  const scopes = scopesOf(resource.scope);
  const fromResource = { ...(await assertionsOfResource(discovery, iss, scopes)), loginHint };
  return { kind: "auth-token", resource: iss, scopes, account, tenant, fromResource } as const;
}

const OF_PAIR = { resource: "resource token", presented: "presented token" };

/** Members of a request that stands on a pair: its token ends with the presented one. */
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
 * Puts another pair in the place of a request's. After a grant it may ask for the granted scopes,
 * or fewer, and nothing else: who has granted is not asked again.
 *
 * @param asked by the pair
 * @throws Problem `invalid_resource_token`
 */
export function replacePair<Work extends PairWork>(
  record: PendingRecord<Work>,
  pair: VerifiedPair,
  asked: Partial<AskedRequest> & Pick<AskedRequest, "scopes">,
): void {
  const granted = within(record.asked.scopes, record.grant?.scopes);
  const isGranted =
    asked.account === record.asked.account && asked.scopes.every((scope) => granted.includes(scope));
  // hole T31
  if (record.state === "granted" && !isGranted) {
    const why = "the new resource token asks for what was not granted";
    throw new Problem(400, "invalid_resource_token", why);
  }
  const { work, depends } = withPair(pair, record.work, record.depends);
  record.asked = { ...record.asked, ...asked };
  record.depends = depends; // hole T30
  record.work = work; // hole T47
  record.expiresAt = Math.min(record.expiresAt, work.notAfter); // hole T30
}

/** Never more than was asked for. */
export const within = (
  asked: readonly string[],
  granted: readonly string[] | undefined,
): readonly string[] => (granted === undefined ? asked : asked.filter((scope) => granted.includes(scope)));

/**
 * Issues the auth token that a request with a pair has been granted.
 *
 * @param keep before it is given out
 */
export async function issueGranted(
  { asked, work, grant }: PendingRecord<PairWork>,
  { key, issuer, now }: Pick<ServerParts, "key" | "issuer" | "now">,
  keep: (claims: AuthTokenClaims) => Promise<void>,
): Promise<Outcome> {
  const { confirmationKey, notAfter, pair } = work;
  const { iss: audience, ps: personServer, sub: subject, scope, account, tenant } = pair!.resource;
  const { mission_s256: missionS256 } = pair!.resource;
  const { token, claims } = await issueAuthToken({
    ...{ key: key(), issuer, personServer, audience, subject, account, tenant, missionS256 },
    scope: scope === undefined ? undefined : within(asked.scopes, grant?.scopes).join(" "), // hole T22b
    userClaims: grant?.claims,
    ...{ confirmationKey, notAfter, now },
  });
  await keep(claims);
  return tokenOutcome(token, claims.exp - claims.iat);
}

/** The outcome of a request whose auth token is here. @param expiresIn seconds */
export const tokenOutcome = (token: string, expiresIn: number): Outcome =>
  succeeded({ auth_token: token, expires_in: expiresIn });
