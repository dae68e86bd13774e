/**
 * Token display for traces and log lines.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { type DecodedToken, decodeJwt } from "./jwt.ts";

/**
 * Decodes any compact JWS for display. Nothing is verified: never base a decision on the result.
 *
 * @throws AAuthError `malformed_token`.
 */
export function decodeToken(token: string): DecodedToken {
  return decodeJwt(token);
}

/**
 * A short name of a token for logs: its `jti`, else the first 8 hex digits of its SHA-256, or
 * `exp-…` on a platform that only hashes asynchronously. Accepts opaque tokens and never throws.
 *
 * @param claims the token's claims, if already decoded
 */
export function tokenId(token: string, claims: DecodedToken["claims"] = claimsOf(token)): string {
  // The issuer is unproven, so an arbitrary string must not reach the log.
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
