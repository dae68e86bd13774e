/**
 * Observers of an agent's calls, and what they receive of tokens and signatures.
 *
 * @module
 */

import { guarded, type Observer, type ShownToken } from "../profile/events.ts";
import { tokenId } from "../tokens/decode-token.ts";
import { type DecodedToken, decodeJwt } from "../tokens/jwt.ts";

/** No-op observer. Callers compare against it to avoid building events. */
export const ignoreEvents: Observer = () => {};

/** Combines observers into one. */
export function combineObservers(...observers: readonly (Observer<never> | undefined)[]): Observer<never> {
  const watching = observers.filter((observer) => observer !== undefined).map(guarded);
  if (watching.length === 0) return ignoreEvents;
  return (event) => {
    for (const observer of watching) observer(event);
  };
}

/**
 * Decodes a token for an event.
 *
 * @param revealTokens include the token itself
 * @param decoded its decoded content, if already known
 * @throws AAuthError `malformed_token`
 */
export function showToken(
  token: string,
  revealTokens: boolean,
  decoded: DecodedToken = decodeJwt(token),
): ShownToken {
  return { ...decoded, tokenId: tokenId(token, decoded.claims), ...(revealTokens && { token }) };
}

/**
 * Truncates the token of scheme jwt in the line of the key claim, and the value in the line of
 * `authorization`.
 */
export function cutSignatureBase(base: string): string {
  return base
    .replace(/([ ;])jwt="([^"]{0,12})[^"]*"/, '$1jwt="$2…"')
    .replace(/^("authorization": \S{0,12}).*$/m, "$1 …");
}
