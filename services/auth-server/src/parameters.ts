import { invalidRequest } from "./oauth-error.ts";

/** Browsers and proxies cut or refuse longer addresses. */
export const MAX_PARAMETER_LENGTH = 2_048;

/** @throws OAuthError 400 `invalid_request` when the parameter is missing or empty */
export function requiredParameter(form: ReadonlyMap<string, string>, name: string): string {
  const value = form.get(name);
  if (!value) throw invalidRequest(`Missing required parameter: ${name}`);
  return value;
}

/**
 * For a value that is kept until a user has decided, and comes back in an address.
 *
 * @throws OAuthError 400 `invalid_request`
 */
export function requireShort(name: string, value: string | null | undefined): void {
  if (value != null && value.length > MAX_PARAMETER_LENGTH)
    throw invalidRequest(`${name} is longer than ${MAX_PARAMETER_LENGTH} characters`);
}
