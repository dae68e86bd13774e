/**
 * Auth tokens (`auth+jwt`): an auth server's word that an agent may do something at a resource (profile 4.2).
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { encodeBase64Url } from "../base64.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { AAuthVerificationError } from "../errors.ts";
import {
  checkAudience,
  checkNotBefore,
  checkTimeShapes,
  isExpired,
  missing,
  optionalAct,
  optionalAudience,
  optionalString,
  requiredString,
} from "../tokens/claim-checks.ts";
import { signJwt } from "../tokens/jwt.ts";
import { openToken, type TokenRules, type VerifiedToken } from "../tokens/open-token.ts";
import type { TokenSigner } from "../tokens/token-signer.ts";
import type { VerifiedTokens } from "../tokens/verified-tokens.ts";
import type { ActClaim, PublicJwk } from "../types.ts";
import type { AuthTokenClaims } from "./claims.ts";
import { documents } from "./documents.ts";
import { AUTH_TOKEN_SECONDS, KEY_ALGORITHMS, TOKEN_ALGORITHMS, TOKEN_TYPES } from "./names.ts";

/** Identity claims of an auth token (SPEC 7.4), with OpenID Connect's meaning. */
export interface UserClaims {
  readonly name?: string;
  readonly email?: string;
  readonly email_verified?: boolean;
}

/** An auth token to issue. */
export interface IssueAuthTokenOptions {
  /** The key of the auth server. */
  readonly signer: TokenSigner;
  /** Identifier of the auth server. */
  readonly issuer: string;
  /** Identifier of the resource. */
  readonly audience: string;
  /** The requester; left out when it is the resource itself. Default: left out. */
  readonly agent?: string;
  /** The delegate that asked in the agent's name. Default: none. */
  readonly agentDelegate?: string;
  /** The user the agent acts for. Default: none. */
  readonly subject?: string;
  /** What the user has agreed to be known by, beside `subject`. Default: none. */
  readonly userClaims?: UserClaims;
  /** The requester's key. Its `kid` is copied, and means nothing. */
  readonly confirmationKey: PublicJwk;
  /** Space-separated scopes. Default: none. */
  readonly scope?: string;
  /** Present on a token exchange. Default: none. */
  readonly act?: ActClaim;
  /** A whole number. Default 300. */
  readonly lifetimeSeconds?: number;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
}

/**
 * Issues an auth token with claims in the order of the Keycloak extension, plus `jti`; with `act` also `nbf`.
 *
 * Does NOT check anything but the lifetime: whether to issue is the auth server's policy.
 *
 * @throws RangeError when the lifetime is not a positive whole number.
 */
export async function issueAuthToken(
  options: IssueAuthTokenOptions,
): Promise<{ token: string; claims: AuthTokenClaims }> {
  const { lifetimeSeconds = AUTH_TOKEN_SECONDS } = options;
  if (!(Number.isSafeInteger(lifetimeSeconds) && lifetimeSeconds > 0)) {
    throw new RangeError("lifetimeSeconds must be a positive whole number");
  }
  const now = (options.now ?? (() => Math.floor(Date.now() / 1000)))();
  const { kid, use: _use, alg: _alg, kty, ...coordinates } = options.confirmationKey;
  const { signer, subject, agent, agentDelegate, scope, act } = options;
  const header = { alg: signer.alg, typ: TOKEN_TYPES.auth, kid: signer.kid };
  const claims: AuthTokenClaims = {
    exp: now + lifetimeSeconds,
    iat: now,
    ...(act === undefined ? {} : { nbf: now }),
    iss: options.issuer,
    aud: options.audience,
    ...(subject === undefined ? {} : { sub: subject }),
    ...(agent === undefined ? {} : { agent }),
    ...(agentDelegate === undefined ? {} : { agent_delegate: agentDelegate }),
    cnf: {
      jwk: {
        ...(kid === undefined ? {} : { kid }),
        kty,
        use: "sig",
        ...coordinates,
      } as PublicJwk,
    },
    ...(scope === undefined ? {} : { scope }),
    ...(act === undefined ? {} : { act }),
    ...options.userClaims,
    jti: encodeBase64Url(platformCrypto.randomBytes(16)),
  };
  return { token: await signJwt(header, claims, (data) => signer.sign(data)), claims };
}

/** What an auth token is compared with. */
export interface VerifyAuthTokenOptions {
  /** Identifier of the resource that verifies. */
  readonly audience: string;
  /** Issuers whose tokens count. A token of any other is refused before anything is fetched. */
  readonly trustedIssuers: readonly string[];
  /** Finds the keys of issuers: `createDiscovery()`. */
  readonly discovery: Discovery;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** Tokens whose signature has been verified before. Default: none; each call verifies it. */
  readonly cache?: VerifiedTokens<VerifiedToken> | undefined;
}

/**
 * Verifies an auth token: type, algorithm, issuer, audience, shapes of all claims, times, and its signature with a
 * key of the issuer. `exp` is required and has no leeway; `iat` and `nbf` may be 5 s ahead.
 *
 * @throws AAuthVerificationError any code of the token and discovery groups; `untrusted_issuer` before anything is fetched.
 * @throws AAuthVerificationError `unsupported_key` for the key in `cnf.jwk`.
 *
 * Does NOT check that the request was signed with `cnf.jwk`, nor the scope: the verifier does.
 */
export async function verifyAuthToken(
  token: string,
  options: VerifyAuthTokenOptions,
): Promise<AuthTokenClaims> {
  const now = (options.now ?? (() => Math.floor(Date.now() / 1000)))();
  const { discovery, cache } = options;
  const { claims } = await openToken(token, authTokenRules(options, now), { discovery, now, cache });
  if (isExpired(claims.exp, now)) throw tokenExpired();
  return claims;
}

export function tokenExpired(): AAuthVerificationError {
  return new AAuthVerificationError("token_expired", "the auth token has expired", { claim: "exp" });
}

/** How auth tokens are judged. Expiry is not: a verifier wants to know first whether the caller owns the token. */
export const authTokenRules = (
  options: Pick<VerifyAuthTokenOptions, "audience" | "trustedIssuers">,
  now: number,
): TokenRules<AuthTokenClaims> => ({
  type: TOKEN_TYPES.auth,
  algorithms: TOKEN_ALGORITHMS,
  keyAlgorithms: KEY_ALGORITHMS,
  read({ claims }) {
    requiredString(claims, "iss");
    if (optionalAudience(claims) === undefined) throw missing("aud");
    checkTimeShapes(claims);
    for (const name of ["sub", "agent", "agent_delegate", "jti"]) optionalString(claims, name);
    if (claims.scope !== "") optionalString(claims, "scope");
    optionalAct(claims);
    return claims as unknown as AuthTokenClaims;
  },
  judge(claims) {
    if (!options.trustedIssuers.includes(claims.iss)) {
      throw new AAuthVerificationError("untrusted_issuer", "the token's issuer is not trusted", {
        claim: "iss",
      });
    }
    checkAudience(claims.aud, options.audience);
    checkNotBefore(claims, now);
  },
  publishedAt: ({ iss }) => ({ kind: documents.kinds.issuer, id: iss }),
});
