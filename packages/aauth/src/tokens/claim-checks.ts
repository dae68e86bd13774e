/**
 * The checks that all three token types share. Each returns the proven value or throws.
 *
 * @module
 */

import { AAuthVerificationError } from "../errors.ts";
import { verificationKey } from "../keys/verification-key.ts";
import type { ActClaim, KeyAlgorithm, TokenAlgorithm, VerificationKey } from "../types.ts";
import type { DecodedToken } from "./jwt.ts";

type Claims = DecodedToken["claims"];

/** More nesting than any delegation the auth server would issue, and little enough to walk. */
const MAX_ACT_DEPTH = 20;

/** Two clocks are never the same. */
const SKEW_SECONDS = 5;

/** The token's algorithm and key id, once its `typ` is exactly the one demanded and its `alg` is on the list. */
export function checkHeader(
  { header }: DecodedToken,
  { type, algorithms }: { readonly type: string; readonly algorithms: readonly string[] },
): { alg: TokenAlgorithm; kid: string | undefined } {
  if (header.typ !== type) {
    throw new AAuthVerificationError("token_type_mismatch", `the token is not of type ${type}`, {
      claim: "typ",
      expected: type,
    });
  }
  if (typeof header.alg !== "string" || !algorithms.includes(header.alg)) {
    throw new AAuthVerificationError("token_algorithm_not_allowed", "the token's algorithm is not allowed", {
      claim: "alg",
      expected: algorithms.join(", "),
    });
  }
  const { kid } = header;
  if (kid !== undefined && typeof kid !== "string") throw malformed("kid");
  return { alg: header.alg as TokenAlgorithm, kid };
}

export function requiredString(claims: Claims, name: string): string {
  const value = optionalString(claims, name);
  if (value === undefined) throw missing(name);
  return value;
}

export function optionalString(claims: Claims, name: string): string | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value === "") throw malformed(name);
  return value;
}

/** `aud`, a string or a list of strings. */
export function optionalAudience(claims: Claims): string | readonly string[] | undefined {
  const { aud } = claims;
  if (aud === undefined || (typeof aud === "string" && aud !== "")) return aud;
  if (Array.isArray(aud) && aud.length > 0 && aud.every((item) => typeof item === "string")) return aud;
  throw malformed("aud");
}

/** Exact comparison: no trailing slash is forgiven, no prefix taken. */
export function checkAudience(aud: string | readonly string[], expected: string): void {
  if (typeof aud === "string" ? aud !== expected : !aud.includes(expected)) {
    throw new AAuthVerificationError("token_audience_mismatch", "the token is meant for another audience", {
      claim: "aud",
      expected,
    });
  }
}

/** The shape of the three times; `exp` is required. */
export function checkTimeShapes(claims: Claims): { exp: number; iat?: number; nbf?: number } {
  for (const name of ["exp", "iat", "nbf"]) {
    const value = claims[name];
    if (value === undefined && name === "exp") throw missing(name);
    if (value !== undefined && !(typeof value === "number" && Number.isFinite(value))) throw malformed(name);
  }
  return claims as { exp: number; iat?: number; nbf?: number };
}

/** `iat` and `nbf` may be 5 s ahead: two clocks are never the same. */
export function checkNotBefore(
  times: { iat?: number | undefined; nbf?: number | undefined },
  now: number,
): void {
  for (const name of ["iat", "nbf"] as const) {
    if ((times[name] ?? 0) <= now + SKEW_SECONDS) continue;
    throw new AAuthVerificationError("token_not_yet_valid", "the token is from the future", { claim: name });
  }
}

/** No leeway: a longer token is the issuer's to give. */
export function isExpired(exp: number, now: number): boolean {
  return now >= exp;
}

/** `cnf.jwk`: the key that must sign the requests this token comes with. */
export async function confirmationKey(
  claims: Claims,
  algorithms: readonly KeyAlgorithm[],
  mode: "sync" | "pool" = "sync",
): Promise<VerificationKey> {
  const { cnf } = claims;
  if (cnf === undefined) throw missing("cnf");
  if (typeof cnf !== "object" || cnf === null || !("jwk" in cnf)) throw malformed("cnf");
  return verificationKey(cnf.jwk, mode, algorithms);
}

/** Checks the shape of `act` all the way down. */
export function optionalAct(claims: Claims): ActClaim | undefined {
  const { act } = claims;
  if (act === undefined) return undefined;
  let current: unknown = act;
  for (let depth = 0; current !== undefined; depth++) {
    if (depth > MAX_ACT_DEPTH || typeof current !== "object" || current === null) throw malformed("act");
    const members = current as Claims;
    requiredString(members, "agent");
    optionalString(members, "agent_delegate");
    optionalString(members, "sub");
    current = members.act;
  }
  return act as ActClaim;
}

export function missing(name: string): AAuthVerificationError {
  return new AAuthVerificationError("token_claim_missing", `the token has no ${name}`, { claim: name });
}

export function malformed(name: string): AAuthVerificationError {
  return new AAuthVerificationError("malformed_token", `the token's ${name} has the wrong shape`, {
    claim: name,
  });
}
