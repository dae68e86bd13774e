/**
 * Agent tokens (`agent+jwt`): an agent server vouches for a delegate's key (profile 4.3).
 *
 * @module
 */

import type { Discovery } from "../../discovery/discovery.ts";
import { MAX_IDENTIFIER_CHARACTERS } from "../../discovery/url-guard.ts";
import { AAuthError } from "../../errors.ts";
import { PROFILE } from "../../profile.ts";
import {
  checkAudience,
  checkHeader,
  checkNotBefore,
  checkTimeShapes,
  confirmationKey,
  isExpired,
  malformed,
  optionalAudience,
  requiredString,
} from "../../tokens/claim-checks.ts";
import { decodeJwt, signJwt } from "../../tokens/jwt.ts";
import { verifyWithPublishedKey } from "../../tokens/published-key.ts";
import { type TrustPolicy, trusts } from "../../tokens/trust.ts";
import type { VerifiedTokens } from "../../tokens/verified-tokens.ts";
import type { AgentTokenClaims, PublicJwk, SigningKey } from "../../types.ts";

export interface IssueAgentTokenOptions {
  /** A key published in the agent's key set. */
  readonly key: SigningKey;
  /** Identifier of the agent server: the identity the delegate acts under. */
  readonly agent: string;
  /** Identifier of the delegate, stable over rotations of its key. A text of 1 to 2048 characters. */
  readonly delegate: string;
  /** The delegate's public key. */
  readonly confirmationKey: PublicJwk;
  /** Who may accept the token. Default: anyone. */
  readonly audience?: string | readonly string[];
  /** Default 3600. */
  readonly lifetimeSeconds?: number;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
}

/**
 * Issues an agent token: claims `iss, sub, exp, cnf, [aud]`.
 *
 * Does NOT check that the delegate holds the private key: the caller must have verified a request signed with it.
 *
 * @throws TypeError when `delegate` is no name; RangeError when the lifetime is not a positive whole number.
 */
export async function issueAgentToken(options: IssueAgentTokenOptions): Promise<string> {
  const { lifetimeSeconds = PROFILE.agentTokenLifetimeSeconds } = options;
  if (!(Number.isSafeInteger(lifetimeSeconds) && lifetimeSeconds > 0)) {
    throw new RangeError("lifetimeSeconds must be a positive whole number");
  }
  if (!isDelegateName(options.delegate)) {
    throw new TypeError(`delegate must be a text of 1 to ${MAX_IDENTIFIER_CHARACTERS} characters`);
  }
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const { kty, crv, x } = options.confirmationKey;
  const header = { alg: "EdDSA", kid: options.key.kid, typ: PROFILE.tokenTypes.agent };
  const claims: AgentTokenClaims = {
    iss: options.agent,
    sub: options.delegate,
    exp: now() + lifetimeSeconds,
    cnf: { jwk: { kty, crv, x } },
    ...(options.audience === undefined ? {} : { aud: options.audience }),
  };
  return signJwt(header, claims, (data) => options.key.sign(data));
}

/** No URL and no user: neither the form of an identifier applies nor OpenID's 255 characters. */
function isDelegateName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_IDENTIFIER_CHARACTERS;
}

export interface VerifyAgentTokenOptions {
  /** Own identifier; compared when the token names an audience. Without it, a token with an audience is refused. */
  readonly audience?: string;
  /** Which agent servers may vouch. Default: any that discovery can reach. */
  readonly trustedAgentServers?: TrustPolicy;
  readonly discovery: Discovery;
  /** Unix seconds. Default: the system clock. */
  readonly now?: () => number;
  readonly cache?: VerifiedTokens<AgentTokenClaims>;
}

/**
 * Verifies an agent token: type, algorithm, issuer, audience if named, times, the length of `sub`, the shape of `cnf.jwk`, and last its
 * signature with the key the agent server publishes.
 *
 * @throws AAuthError any code of the token and discovery groups, `unsupported_key` for that in `cnf.jwk`; `untrusted_issuer` before
 * anything is fetched.
 *
 * Does NOT check that the request was signed with `cnf.jwk`: the gate does.
 */
export async function verifyAgentToken(
  token: string,
  options: VerifyAgentTokenOptions,
): Promise<AgentTokenClaims> {
  const now = (options.now ?? (() => Math.floor(Date.now() / 1000)))();
  const known = options.cache?.get(token);
  if (known !== undefined) {
    judge(known, options, now);
    return known;
  }
  const decoded = decodeJwt(token);
  const { alg, kid } = checkHeader(decoded, PROFILE.tokenTypes.agent);
  checkTimeShapes(decoded.claims);
  for (const name of ["iss", "sub"]) requiredString(decoded.claims, name);
  if (!isDelegateName(decoded.claims.sub)) throw malformed("sub");
  optionalAudience(decoded.claims);
  const claims = decoded.claims as unknown as AgentTokenClaims;
  judge(claims, options, now);
  await confirmationKey(decoded.claims);
  await verifyWithPublishedKey(token, alg, { kind: "agent", id: claims.iss, kid }, options.discovery);
  options.cache?.add(token, claims);
  return claims;
}

function judge(claims: AgentTokenClaims, options: VerifyAgentTokenOptions, now: number): void {
  if (options.trustedAgentServers !== undefined && !trusts(options.trustedAgentServers, claims.iss)) {
    throw new AAuthError("untrusted_issuer", "the agent server is not trusted");
  }
  if (claims.aud !== undefined) checkAudience(claims.aud, options.audience ?? "");
  checkNotBefore(claims as { iat?: number; nbf?: number }, now);
  if (isExpired(claims.exp, now)) throw new AAuthError("token_expired", "the agent token has expired");
}
