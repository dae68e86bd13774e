/**
 * Tokens for people: shown in a trace, named in a log line.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { type DecodedToken, decodeJwt } from "./jwt.ts";

/**
 * Takes any compact JWS apart for display. Nothing is verified: never base a decision on what comes
 * back.
 *
 * @throws AAuthError `malformed_token`.
 */
export function decodeToken(token: string): DecodedToken {
  return decodeJwt(token);
}

/**
 * A short name for a token that is fit for logs: its `jti`, or the first 8 hex digits of its
 * SHA-256 (of its `exp`, where the platform hashes asynchronously). Works for opaque tokens too,
 * and never throws.
 *
 * @param claims those of the token, where they are known
 */
export function tokenId(token: string, claims: DecodedToken["claims"] = claimsOf(token)): string {
  // The issuer is not proven: text of any length or shape would otherwise reach the log.
  if (typeof claims.jti === "string" && /^[\w.:~+/=-]{1,64}$/.test(claims.jti)) return claims.jti;
  const digest = platformCrypto.digest("sha-256", token, "hex");
  return typeof digest === "string"
    ? digest.slice(0, 8)
    : `exp-${typeof claims.exp === "number" ? claims.exp : "unknown"}`;
}

function claimsOf(token: string): DecodedToken["claims"] {
  try {
    return decodeJwt(token).claims;
  } catch {
    return {};
  }
}
