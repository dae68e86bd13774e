/**
 * Verifies the tokens of February 2026 (profile 4).
 *
 * @module
 */

import { checkExpiry } from "../tokens/claim-checks.ts";
import { expectedNow, openToken, type VerifyTokenOptions } from "../tokens/open-token.ts";
import type { AgentTokenClaims, FebruaryAuthTokenClaims, FebruaryResourceTokenClaims } from "./claims.ts";
import {
  AGENT_TOKEN,
  type AgentTokenExpectation,
  AUTH_TOKEN,
  type AuthTokenExpectation,
  RESOURCE_TOKEN,
  type ResourceTokenExpectation,
} from "./token-schemas.ts";

/** Expectations and options for an agent token. */
export type VerifyAgentTokenOptions = VerifyTokenOptions<AgentTokenExpectation>;
/** Expectations and options for an auth token. */
export type VerifyAuthTokenOptions = VerifyTokenOptions<AuthTokenExpectation>;
/** Expectations and options for a resource token. */
export type VerifyResourceTokenOptions = VerifyTokenOptions<ResourceTokenExpectation>;

/**
 * Verifies an agent token: type, algorithm, issuer, audience if named, times, the length of `sub`,
 * the shape of `cnf.jwk`, and finally its signature with a key that the agent server publishes.
 *
 * @throws AAuthVerificationError any code of the token and discovery groups; `untrusted_issuer`
 *   before anything is fetched.
 * @throws AAuthVerificationError `unsupported_key` for the key in `cnf.jwk`.
 *
 * Does NOT check that the request was signed with `cnf.jwk`: the verifier does.
 */
export async function verifyAgentToken(
  token: string,
  options: VerifyAgentTokenOptions,
): Promise<AgentTokenClaims> {
  return (await openToken(token, AGENT_TOKEN, expectedNow(options), options)).claims;
}

/**
 * Verifies an auth token: type, algorithm, issuer, audience, shapes of all claims, times, and its
 * signature with a key of the issuer. `exp` is required and has no leeway; `iat` and `nbf` may be 5
 * s ahead.
 *
 * @throws AAuthVerificationError any code of the token and discovery groups; `untrusted_issuer`
 *   before anything is fetched.
 * @throws AAuthVerificationError `unsupported_key` for the key in `cnf.jwk`.
 *
 * Does NOT check that the request was signed with `cnf.jwk`, or the scope: the verifier does.
 */
export async function verifyAuthToken(
  token: string,
  options: VerifyAuthTokenOptions,
): Promise<FebruaryAuthTokenClaims> {
  const expected = expectedNow(options);
  const { claims } = await openToken(token, AUTH_TOKEN, expected, options);
  checkExpiry(claims, expected);
  return claims;
}

/**
 * Verifies a resource token at the auth server: type, algorithm, audience, agent, key binding,
 * expiry (at most 600 s ahead), and finally its signature with a key that the resource publishes.
 *
 * @throws AAuthError any code of the token and discovery groups.
 *
 * Does NOT check whether to serve the resource, or the scope: that is policy.
 */
export async function verifyResourceToken(
  token: string,
  options: VerifyResourceTokenOptions,
): Promise<FebruaryResourceTokenClaims> {
  return (await openToken(token, RESOURCE_TOKEN, expectedNow(options), options)).claims;
}
