import { tokenIdOf } from "../tokens/decode-token.ts";
import { type DecodedToken, decodeJwt } from "../tokens/jwt.ts";
import type { ShownToken } from "./events.ts";

/**
 * A token as an event shows it.
 *
 * @param revealTokens put the token itself in, too
 * @param decoded what is in it, where that is known already
 * @throws AAuthError `malformed_token`
 */
export function showToken(
  token: string,
  revealTokens: boolean,
  decoded: DecodedToken = decodeJwt(token),
): ShownToken {
  return { ...decoded, tokenId: tokenIdOf(token, decoded.claims), ...(revealTokens && { token }) };
}
