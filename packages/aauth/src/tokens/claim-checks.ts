/**
 * Rules of which token schemas consist: claim shapes, and comparisons with the receiver's
 * expectations.
 *
 * @module
 */

import { AAuthVerificationError } from "../errors.ts";
import { isNonEmptyString } from "../json-guards.ts";
import { verificationKey } from "../keys/verification-key.ts";
import type { KeyAlgorithm, TokenAlgorithm, VerificationKey } from "../types.ts";
import type { DecodedToken } from "./jwt.ts";
import { type TrustPolicy, trusts } from "./trust.ts";

type Claims = DecodedToken["claims"];

/** Exceeds any delegation chain that an auth server issues, and is cheap to walk. */
const MAX_ACT_DEPTH = 20;

/** Checks that `typ` is exactly `type` and `alg` is on the list; returns algorithm and key id. */
export function checkHeader(
  { header }: DecodedToken,
  { type, algorithms }: { readonly type: string; readonly algorithms: readonly string[] },
): { alg: TokenAlgorithm; kid: string | undefined } {
  // hole G3+
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

// ------------------------------------------------------------------------------------------ shapes

/** A rule for claims. Throws `token_claim_missing`, `malformed_token` or its own code. */
export type ClaimRule = (claims: Claims) => unknown;

/** Shape of a claim. Claims above it in the table have been checked. */
export type ClaimShape = (value: unknown, claims: Claims) => boolean;

/** @param expected values to name in the error. Default: none */
export const required =
  (name: string, is: ClaimShape = isNonEmptyString, expected?: string): ClaimRule =>
  (claims) => {
    const value = claims[name];
    if (value === undefined) throw missing(name);
    if (!is(value, claims)) throw malformed(name, expected);
  };

export const optional =
  (name: string, is: ClaimShape = isNonEmptyString): ClaimRule =>
  (claims) => {
    const value = claims[name];
    if (value !== undefined && !is(value, claims)) throw malformed(name);
  };

/** A claim that this type of token must not have. */
export const forbidden =
  (name: string): ClaimRule =>
  (claims) => {
    if (claims[name] !== undefined) throw malformed(name);
  };

/** `scope`. The empty string is valid and grants nothing. */
export const isScope: ClaimShape = (value) => typeof value === "string";

/** `aud`, a string or a list of strings. */
export const isAudience: ClaimShape = (value) =>
  Array.isArray(value)
    ? value.length > 0 && value.every((item) => typeof item === "string")
    : typeof value === "string" && value !== "";

/** Checks the shape of `aud` and returns it, or undefined if it is absent. */
export function optionalAudience(claims: Claims): string | readonly string[] | undefined {
  optional("aud", isAudience)(claims);
  return claims.aud as string | readonly string[] | undefined;
}

/** Checks the shapes of `exp`, `iat` and `nbf`. `exp` is required. */
export function checkTimeShapes(claims: Claims): { exp: number; iat?: number; nbf?: number } {
  for (const name of ["exp", "iat", "nbf"]) {
    const value = claims[name];
    if (value === undefined && name === "exp") throw missing(name); // hole P7
    if (value !== undefined && !(typeof value === "number" && Number.isFinite(value))) throw malformed(name);
  }
  return claims as { exp: number; iat?: number; nbf?: number };
}

/** Refuses a token that lives longer than its type allows, whatever its issuer's policy. */
export const livesAtMost =
  (seconds: number): ClaimRule =>
  ({ iat, exp }) => {
    if (Number(exp) - Number(iat) > seconds) throw tooLong(seconds);
  };

const ACT = [required("agent"), optional("agent_delegate"), optional("sub")];

/** Checks the shape of `act` and of every nested `act`. */
export function checkAct({ act }: Claims): void {
  let current: unknown = act;
  for (let depth = 0; current !== undefined; depth++) {
    if (depth > MAX_ACT_DEPTH || typeof current !== "object" || current === null) throw malformed("act");
    const members = current as Claims;
    for (const rule of ACT) rule(members);
    current = members.act;
  }
}

// ------------------------------------------------------------------------------------- comparisons

/** Refuses an issuer that the receiver does not trust. */
export function checkIssuer(
  { iss }: { readonly iss: string },
  { trustedIssuers }: { readonly trustedIssuers: TrustPolicy },
): void {
  if (trusts(trustedIssuers, iss)) return;
  // hole J3, D6, D7
  throw new AAuthVerificationError("untrusted_issuer", `the token's issuer ${iss} is not trusted`, {
    claim: "iss",
  });
}

/** Accepts any issuer that discovery can reach, unless the receiver has a list. */
export function checkIssuerIfListed(
  claims: { readonly iss: string },
  { trustedIssuers }: { readonly trustedIssuers?: TrustPolicy | undefined },
): void {
  if (trustedIssuers !== undefined) checkIssuer(claims, { trustedIssuers });
}

/** Compares exactly: no prefix, and no tolerance for a trailing slash. */
export function checkAudience(
  { aud }: { readonly aud: string | readonly string[] },
  { audience }: { readonly audience: string },
): void {
  if (typeof aud === "string" ? aud === audience : aud.includes(audience)) return;
  // hole D10
  throw new AAuthVerificationError("token_audience_mismatch", "the token is meant for another audience", {
    claim: "aud",
    expected: audience,
  });
}

/** Checks the binding to a key by its thumbprint, `agent_jkt`. */
export function checkThumbprint(
  { agent_jkt }: { readonly agent_jkt: string },
  { agentJkt }: { readonly agentJkt: string },
): void {
  if (agent_jkt !== agentJkt) throw boundToAnotherKey(agentJkt); // hole X4
}

/** Allows `iat` and `nbf` to be `skewSeconds` ahead of the receiver's clock. */
export const checkNotBefore =
  (skewSeconds: number) =>
  (times: { readonly iat?: number; readonly nbf?: number }, { now }: { readonly now: number }): void => {
    for (const name of ["iat", "nbf"] as const) {
      if ((times[name] ?? 0) <= now + skewSeconds) continue;
      throw new AAuthVerificationError("token_not_yet_valid", `the token's ${name} is in the future`, {
        claim: name,
      });
    }
  };

/** No leeway: an issuer that wants one can issue a longer-lived token. */
export function isExpired(exp: number, now: number): boolean {
  return now >= exp; // hole G2: now >= exp + 60
}

export function checkExpiry({ exp }: { readonly exp: number }, { now }: { readonly now: number }): void {
  if (!isExpired(exp, now)) return;
  throw new AAuthVerificationError("token_expired", "the token has expired", { claim: "exp" });
}

// --------------------------------------------------------------------------------------------- key

/** The JWK in `cnf` (RFC 7800), unchecked. */
export function confirmationJwk({ cnf }: Claims): unknown {
  if (cnf === undefined) throw missing("cnf");
  if (typeof cnf !== "object" || cnf === null || !("jwk" in cnf)) throw malformed("cnf");
  return cnf.jwk;
}

/** Imports `cnf.jwk`, the key that must sign the requests that carry this token. */
export async function confirmationKey(
  claims: Claims,
  algorithms: readonly KeyAlgorithm[],
  mode: "sync" | "pool" = "sync",
): Promise<VerificationKey> {
  return verificationKey(confirmationJwk(claims), mode, algorithms);
}

// ------------------------------------------------------------------------------------------ errors

export function missing(name: string): AAuthVerificationError {
  return new AAuthVerificationError("token_claim_missing", `the token has no ${name}`, { claim: name });
}

function malformed(name: string, expected?: string): AAuthVerificationError {
  return new AAuthVerificationError("malformed_token", `the token's ${name} has the wrong shape`, {
    claim: name,
    ...(expected !== undefined && { expected }),
  });
}

export function tooLong(seconds: number): AAuthVerificationError {
  return new AAuthVerificationError("malformed_token", `the token's lifetime exceeds ${seconds} s`, {
    claim: "exp",
  });
}

export function boundToAnotherKey(expected: string): AAuthVerificationError {
  return new AAuthVerificationError("token_key_mismatch", "the token is bound to another key", {
    claim: "agent_jkt",
    expected,
  });
}
