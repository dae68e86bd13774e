/**
 * A resource token with the token that the agent had shown to the resource: what a request for an auth token stands on, at a person server and at an access
 * server (draft -11, sections 6.7.2, 7.2, 7.5.2.2 and 9.4).
 *
 * @module
 */

import type { AuthTokenClaims, PersonTokenClaims, ResourceTokenClaims } from "../draft-11/claims.ts";
import { issueAuthToken } from "../draft-11/issue-tokens.ts";
import { TOKEN_TYPES } from "../draft-11/names.ts";
import { type OpenedToken, verifyPresentedToken, verifyResourceToken } from "../draft-11/verify-tokens.ts";
import type { IssuedToken } from "../tokens/issue-token.ts";
import { scopesOf } from "../tokens/scopes.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type { PublicJwk } from "../types.ts";
import { type Outcome, Problem, succeeded } from "./answers.ts";
import { assertionsOfResource } from "./assertions.ts";
import type { ExpiringToken } from "./issued-tokens.ts";
import type { PendingRecord } from "./pending-types.ts";
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

/** What is kept of a request, and has to do with its pair. Plain data. */
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
 * Verifies a resource token together with the token that the agent had shown (section 6.7.2).
 *
 * @throws Problem with the code of that section
 */
export async function verifyPair(
  tokens: TokenPair,
  expected: {
    readonly audience: string;
    readonly agentJkt: string;
    readonly personServer: string;
    /** Of the presented token. */
    readonly issuers: TrustPolicy;
  },
  checks: TokenChecks,
): Promise<VerifiedPair> {
  const { issuers: trustedIssuers, ...own } = expected;
  const resource = await checking("resource", checks, () =>
    verifyResourceToken(tokens.resource_token, { ...checks, ...own }),
  );
  const presented = await checking("presented", checks, () =>
    verifyPresentedToken(tokens.presented_token, { ...checks, trustedIssuers, resourceToken: resource }),
  );
  return { resource, presented };
}

/** What a pair asks for, in the words of a policy. */
export async function askedBy({ resource }: VerifiedPair, { discovery }: Pick<ServerParts, "discovery">) {
  const { iss, account, tenant, login_hint: loginHint } = resource;
  const scopes = scopesOf(resource.scope);
  const fromResource = { ...(await assertionsOfResource(discovery, iss, scopes)), loginHint };
  return { kind: "auth-token", resource: iss, scopes, account, tenant, fromResource } as const;
}

export type AskedByPair = Awaited<ReturnType<typeof askedBy>>;

/** Members of {@link PairWork} for a pair. */
export function pairWork({ resource, presented }: VerifiedPair, { notAfter }: Pick<PairWork, "notAfter">) {
  const { iss, jti, exp } = presented.claims;
  return { pair: { resource, presented: { iss, jti, exp } }, notAfter: Math.min(notAfter, exp) };
}

const OF_PAIR = { resource: "resource token", presented: "presented token" };

/** The tokens of a pair, which a request stands on. */
export const dependenciesOf = ({ resource, presented }: VerifiedPair) => [
  dependency(OF_PAIR.resource, TOKEN_TYPES.resource, resource),
  dependency(OF_PAIR.presented, presented.type, presented.claims),
];

const SAME_IN_UPDATE = ["iss", "aud", "ps", "sub", "agent_jkt", "mission_s256", "tenant"];

/**
 * An updated request may ask for less or other than before, but of the same resource for the same person and key (section 7.5.2.2).
 *
 * @throws Problem `invalid_resource_token`
 */
export function requireSameParties(before: ResourceTokenClaims, after: ResourceTokenClaims): void {
  // hole T30
  for (const name of SAME_IN_UPDATE) {
    if (after[name] === before[name]) continue;
    throw new Problem(400, "invalid_resource_token", `the new resource token has another ${name}`);
  }
}

/**
 * After a grant nothing but its scopes, or fewer, may be asked for: who has granted is not asked
 * again.
 *
 * @throws Problem `invalid_resource_token`
 */
export function requireNoMoreThanGranted(
  { state, asked, grant }: Pick<PendingRecord<unknown>, "state" | "asked" | "grant">,
  after: Pick<AskedRequest, "scopes" | "account">,
): void {
  if (state !== "granted") return;
  const granted = within(asked.scopes, grant?.scopes);
  if (after.account === asked.account && after.scopes.every((scope) => granted.includes(scope))) return;
  throw new Problem(400, "invalid_resource_token", "the new resource token asks for what was not granted");
}

/** Puts another pair in the place of a request's: the request stands on it from now on, and no longer than it. */
export function replacePair(
  record: PendingRecord<PairWork>,
  pair: VerifiedPair,
  asked: Partial<AskedRequest>,
): void {
  const { work, depends } = record;
  record.asked = { ...record.asked, ...asked };
  const others = depends.filter(({ what }) => what !== OF_PAIR.resource && what !== OF_PAIR.presented);
  record.depends = [...others, ...dependenciesOf(pair)]; // hole T30
  Object.assign(work, pairWork(pair, work)); // hole T47
  record.expiresAt = Math.min(record.expiresAt, work.notAfter); // hole T30
}

/** Never more than was asked for. */
export const within = (
  asked: readonly string[],
  granted: readonly string[] | undefined,
): readonly string[] => (granted === undefined ? asked : asked.filter((scope) => granted.includes(scope)));

/** Issues the auth token that a request with a pair has been granted. */
export function issueGranted(
  { asked, work, grant }: PendingRecord<PairWork>,
  { key, issuer, now }: Pick<ServerParts, "key" | "issuer" | "now">,
): Promise<IssuedToken<AuthTokenClaims>> {
  const { confirmationKey, notAfter, pair } = work;
  const { iss: audience, ps: personServer, sub: subject, scope, account, tenant } = pair!.resource;
  const { mission_s256: missionS256 } = pair!.resource;
  return issueAuthToken({
    ...{ key: key(), issuer, personServer, audience, subject, account, tenant, missionS256 },
    scope: scope === undefined ? undefined : within(asked.scopes, grant?.scopes).join(" "), // hole T22b
    userClaims: grant?.claims,
    ...{ confirmationKey, notAfter, now },
  });
}

/** The outcome of a request whose auth token is here. @param expiresIn seconds */
export const tokenOutcome = (token: string, expiresIn: number): Outcome =>
  succeeded({ auth_token: token, expires_in: expiresIn });
