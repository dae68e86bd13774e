/**
 * Auth tokens (`auth+jwt`): an auth server's word that an agent may do something at a resource (profile 4.2).
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { encodeBase64Url } from "../../base64.ts";
import type { Discovery } from "../../discovery/discovery.ts";
import { AAuthError } from "../../errors.ts";
import { PROFILE } from "../../profile.ts";
import {
  checkAudience,
  checkHeader,
  checkNotBefore,
  checkTimeShapes,
  confirmationKey,
  isExpired,
  missing,
  optionalAct,
  optionalAudience,
  optionalString,
  requiredString,
} from "../../tokens/claim-checks.ts";
import { type DecodedToken, decodeJwt, signJwt } from "../../tokens/jwt.ts";
import { verifyWithPublishedKey } from "../../tokens/published-key.ts";
import type { TokenSigner } from "../../tokens/token-signer.ts";
import type { VerifiedTokens } from "../../tokens/verified-tokens.ts";
import type { ActClaim, AuthTokenClaims, PublicJwk } from "../../types.ts";

/** Identity claims of an auth token (SPEC 7.4), with OpenID Connect's meaning. */
export interface UserClaims {
  readonly name?: string;
  readonly email?: string;
  readonly email_verified?: boolean;
}

export interface IssueAuthTokenOptions {
  readonly signer: TokenSigner;
  readonly issuer: string;
  /** Identifier of the resource. */
  readonly audience: string;
  /** The requester; left out when it is the resource itself. */
  readonly agent?: string;
  readonly agentDelegate?: string;
  /** The user the agent acts for. */
  readonly subject?: string;
  /** What the user has agreed to be known by, beside `subject`. */
  readonly userClaims?: UserClaims;
  /** The requester's key. Its `kid` is copied; nobody may rely on it. */
  readonly confirmationKey: PublicJwk;
  /** Space-separated scopes. */
  readonly scope?: string;
  /** Present on a token exchange. */
  readonly act?: ActClaim;
  /** A whole number. Default 300. */
  readonly lifetimeSeconds?: number;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
}

/**
 * Issues an auth token with claims in the order of the Keycloak extension, plus `jti`; with `act` also `nbf`.
 *
 * Does NOT check anything but the lifetime: the auth server's policy has spoken before.
 *
 * @throws RangeError when the lifetime is not a positive whole number.
 */
export async function issueAuthToken(
  options: IssueAuthTokenOptions,
): Promise<{ token: string; claims: AuthTokenClaims }> {
  const { lifetimeSeconds = PROFILE.authTokenLifetimeSeconds } = options;
  if (!(Number.isSafeInteger(lifetimeSeconds) && lifetimeSeconds > 0)) {
    throw new RangeError("lifetimeSeconds must be a positive whole number");
  }
  const now = (options.now ?? (() => Math.floor(Date.now() / 1000)))();
  const { kid, kty, crv, x } = options.confirmationKey;
  const { signer, subject, agent, agentDelegate, scope, act } = options;
  const header = { alg: signer.alg, typ: PROFILE.tokenTypes.auth, kid: signer.kid };
  const claims: AuthTokenClaims = {
    exp: now + lifetimeSeconds,
    iat: now,
    ...(act === undefined ? {} : { nbf: now }),
    iss: options.issuer,
    aud: options.audience,
    ...(subject === undefined ? {} : { sub: subject }),
    ...(agent === undefined ? {} : { agent }),
    ...(agentDelegate === undefined ? {} : { agent_delegate: agentDelegate }),
    cnf: { jwk: { ...(kid === undefined ? {} : { kid }), kty, use: "sig", crv, x } },
    ...(scope === undefined ? {} : { scope }),
    ...(act === undefined ? {} : { act }),
    ...options.userClaims,
    jti: encodeBase64Url(platformCrypto.randomBytes(16)),
  };
  return { token: await signJwt(header, claims, (data) => signer.sign(data)), claims };
}

export interface VerifyAuthTokenOptions {
  /** Identifier of the resource that verifies. */
  readonly audience: string;
  /** Issuers whose tokens count. Anyone else's token is refused before anything is fetched. */
  readonly trustedIssuers: readonly string[];
  readonly discovery: Discovery;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
  readonly cache?: VerifiedTokens<AuthTokenClaims>;
}

/**
 * Verifies an auth token: type, algorithm, issuer, audience, shapes of all claims, times, and its signature with a
 * key of the issuer. `exp` is required and has no leeway; `iat` and `nbf` may be 5 s ahead.
 *
 * @throws AAuthError any code of the token and discovery groups, `unsupported_key` for that in `cnf.jwk`; `untrusted_issuer` before
 * anything is fetched.
 *
 * Does NOT check that the request was signed with `cnf.jwk`, nor the scope: the gate does.
 */
export async function verifyAuthToken(
  token: string,
  options: VerifyAuthTokenOptions,
): Promise<AuthTokenClaims> {
  const { claims, expired } = await examineAuthToken(token, options);
  if (expired) throw tokenExpired();
  return claims;
}

/**
 * {@link verifyAuthToken}, except that expiry is reported instead of thrown: the gate still wants to know whether the
 * caller owns the token, because then a new challenge can be addressed to it.
 */
export async function examineAuthToken(
  token: string,
  options: VerifyAuthTokenOptions,
): Promise<{ claims: AuthTokenClaims; expired: boolean }> {
  const now = (options.now ?? (() => Math.floor(Date.now() / 1000)))();
  const known = options.cache?.get(token);
  if (known !== undefined) return { claims: known, expired: rejudge(known, options, now) };
  const decoded = decodeJwt(token);
  const { alg, kid } = checkHeader(decoded, PROFILE.tokenTypes.auth);
  const claims = readAuthClaims(decoded);
  judge(claims, options, now);
  await confirmationKey(decoded.claims);
  await verifyWithPublishedKey(token, alg, { kind: "issuer", id: claims.iss, kid }, options.discovery);
  const expired = isExpired(claims.exp, now);
  if (!expired) options.cache?.add(token, claims);
  return { claims, expired };
}

/**
 * Judges again what depends on who asks and when, for a token that is known already.
 *
 * @returns whether it has expired meanwhile
 */
export function rejudge(claims: AuthTokenClaims, options: VerifyAuthTokenOptions, now: number): boolean {
  judge(claims, options, now);
  return isExpired(claims.exp, now);
}

export function tokenExpired(): AAuthError {
  return new AAuthError("token_expired", "the auth token has expired");
}

function readAuthClaims({ claims }: DecodedToken): AuthTokenClaims {
  requiredString(claims, "iss");
  if (optionalAudience(claims) === undefined) throw missing("aud");
  checkTimeShapes(claims);
  for (const name of ["sub", "agent", "agent_delegate", "jti"]) optionalString(claims, name);
  if (claims.scope !== "") optionalString(claims, "scope");
  optionalAct(claims);
  return claims as unknown as AuthTokenClaims;
}

function judge(claims: AuthTokenClaims, options: VerifyAuthTokenOptions, now: number): void {
  if (!options.trustedIssuers.includes(claims.iss)) {
    throw new AAuthError("untrusted_issuer", "the token's issuer is not trusted");
  }
  checkAudience(claims.aud, options.audience);
  checkNotBefore(claims, now);
}
