import { decodeToken, tokenId } from "aauth";

/** A token as a log line shows it: short id, claims, and the whole token for a logger that is allowed to print it. */
export function tokenFields(token: string): { id: string; claims: unknown; token: string } {
  return { id: tokenId(token), claims: claimsOf(token), token };
}

function claimsOf(token: string): unknown {
  try {
    return decodeToken(token).claims;
  } catch {
    return undefined; // an opaque token has none
  }
}
