/**
 * Agent tokens (`agent+jwt`): an agent server vouches for a delegate's key (profile 4.3).
 *
 * @module
 */

import type { Discovery } from "../discovery/discovery.ts";
import { MAX_IDENTIFIER_CHARACTERS } from "../discovery/url-guard.ts";
import { AAuthVerificationError } from "../errors.ts";
import {
  checkAudience,
  checkNotBefore,
  checkTimeShapes,
  isExpired,
  malformed,
  optionalAudience,
  requiredString,
} from "../tokens/claim-checks.ts";
import { signJwt } from "../tokens/jwt.ts";
import { openToken, type TokenRules, type VerifiedToken } from "../tokens/open-token.ts";
import { tokenSignerOf } from "../tokens/token-signer.ts";
import { type TrustPolicy, trusts } from "../tokens/trust.ts";
import type { VerifiedTokens } from "../tokens/verified-tokens.ts";
import type { PublicJwk, SigningKey } from "../types.ts";
import type { AgentTokenClaims } from "./claims.ts";
import { documents } from "./documents.ts";
import { AGENT_TOKEN_SECONDS, KEY_ALGORITHMS, TOKEN_ALGORITHMS, TOKEN_TYPES } from "./names.ts";

/** An agent token to issue. */
export interface IssueAgentTokenOptions {
  /** A key published in the agent's key set. */
  readonly key: SigningKey;
  /** Identifier of the agent server: the identity the delegate acts under. */
  readonly agent: string;
  /** Identifier of the delegate, stable over rotations of its key. 1 to 2048 characters. */
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
 * @throws TypeError when `delegate` is not a name.
 * @throws RangeError when the lifetime is not a positive whole number.
 */
export async function issueAgentToken(options: IssueAgentTokenOptions): Promise<string> {
  const { lifetimeSeconds = AGENT_TOKEN_SECONDS } = options;
  if (!(Number.isSafeInteger(lifetimeSeconds) && lifetimeSeconds > 0)) {
    throw new RangeError("lifetimeSeconds must be a positive whole number");
  }
  if (!isDelegateName(options.delegate)) {
    throw new TypeError(`delegate must be a text of 1 to ${MAX_IDENTIFIER_CHARACTERS} characters`);
  }
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const { kid: _, use: _use, alg: _alg, ...confirmationKey } = options.confirmationKey;
  const { alg, kid, sign } = tokenSignerOf(options.key);
  const claims: AgentTokenClaims = {
    iss: options.agent,
    sub: options.delegate,
    exp: now() + lifetimeSeconds,
    cnf: { jwk: confirmationKey },
    ...(options.audience === undefined ? {} : { aud: options.audience }),
  };
  return signJwt({ alg, kid, typ: TOKEN_TYPES.agent }, claims, sign);
}

/** No URL and no user: neither the form of an identifier applies nor OpenID's 255 characters. */
function isDelegateName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_IDENTIFIER_CHARACTERS;
}

/** What an agent token is compared with. */
export interface VerifyAgentTokenOptions {
  /** Own identifier; compared when the token names an audience. Without it, a token with an audience is refused. */
  readonly audience?: string | undefined;
  /** Which agent servers may vouch. Default: any that discovery can reach. */
  readonly trustedAgentServers?: TrustPolicy | undefined;
  /** Finds the keys of issuers: `createDiscovery()`. */
  readonly discovery: Discovery;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** Tokens whose signature has been verified before. Default: none; each call verifies it. */
  readonly cache?: VerifiedTokens<VerifiedToken> | undefined;
}

/**
 * Verifies an agent token: type, algorithm, issuer, audience if named, times, the length of `sub`, the shape of `cnf.jwk`, and last its
 * signature with the key the agent server publishes.
 *
 * @throws AAuthVerificationError any code of the token and discovery groups; `untrusted_issuer` before anything is fetched.
 * @throws AAuthVerificationError `unsupported_key` for the key in `cnf.jwk`.
 *
 * Does NOT check that the request was signed with `cnf.jwk`: the verifier does.
 */
export async function verifyAgentToken(
  token: string,
  options: VerifyAgentTokenOptions,
): Promise<AgentTokenClaims> {
  const now = (options.now ?? (() => Math.floor(Date.now() / 1000)))();
  const { discovery, cache } = options;
  return (await openToken(token, agentTokenRules(options, now), { discovery, now, cache })).claims;
}

/** How agent tokens are judged; expiry included. */
export const agentTokenRules = (
  options: Pick<VerifyAgentTokenOptions, "audience" | "trustedAgentServers">,
  now: number,
): TokenRules<AgentTokenClaims> => ({
  type: TOKEN_TYPES.agent,
  algorithms: TOKEN_ALGORITHMS,
  keyAlgorithms: KEY_ALGORITHMS,
  read({ claims }) {
    checkTimeShapes(claims);
    for (const name of ["iss", "sub"]) requiredString(claims, name);
    if (!isDelegateName(claims.sub)) throw malformed("sub");
    optionalAudience(claims);
    return claims as unknown as AgentTokenClaims;
  },
  judge(claims) {
    const { trustedAgentServers, audience = "" } = options;
    if (trustedAgentServers !== undefined && !trusts(trustedAgentServers, claims.iss)) {
      throw new AAuthVerificationError("untrusted_issuer", "the agent server is not trusted", {
        claim: "iss",
      });
    }
    if (claims.aud !== undefined) checkAudience(claims.aud, audience);
    checkNotBefore(claims as { iat?: number; nbf?: number }, now);
    if (isExpired(claims.exp, now)) {
      throw new AAuthVerificationError("token_expired", "the agent token has expired", { claim: "exp" });
    }
  },
  publishedAt: ({ iss }) => ({ kind: documents.kinds.agent, id: iss }),
});
