import { decodeToken, tokenId } from "../tokens/decode-token.ts";
import type { ShownToken } from "./events.ts";

/**
 * A token as an event shows it.
 *
 * @param revealTokens put the token itself in, too
 * @throws AAuthError `malformed_token`
 */
export function showToken(token: string, revealTokens: boolean): ShownToken {
  return { ...decodeToken(token), tokenId: tokenId(token), ...(revealTokens && { token }) };
}
