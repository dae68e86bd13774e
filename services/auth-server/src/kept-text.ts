import { invalidRequest } from "./oauth-error.ts";

/** Addresses that are longer are cut or refused on the way by one browser or proxy or another. */
export const MAX_TEXT_LENGTH = 2_048;

/**
 * For what somebody says and is kept until a person has decided, and then comes back in an address.
 *
 * @throws OAuthError 400 `invalid_request`
 */
export function requireShort(name: string, value: string | null | undefined): void {
  if (value != null && value.length > MAX_TEXT_LENGTH)
    throw invalidRequest(`${name} is longer than ${MAX_TEXT_LENGTH} characters`);
}
