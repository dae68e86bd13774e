import { invalidRequest } from "./oauth-error.ts";

/** Browsers and proxies truncate or refuse longer addresses. */
export const MAX_PARAMETER_LENGTH = 2_048;

/** An unchecked query or form, in which a name may occur several times. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * A parameter that may be given once.
 *
 * @throws OAuthError 400 `invalid_request`
 */
export function single(parameters: Query, name: string): string | undefined {
  const value = parameters[name];
  if (value === undefined || typeof value === "string") return value;
  throw invalidRequest(`duplicated parameter: ${name}`);
}

/**
 * The form of a decision, without repeated parameters.
 *
 * @throws OAuthError 400 `invalid_request` if a parameter is given more than once
 */
export function readForm(body: Query = {}): ReadonlyMap<string, string> {
  return new Map(Object.keys(body).map((name) => [name, single(body, name) as string]));
}

/** @throws OAuthError 400 `invalid_request` if the parameter is missing or empty */
export function requiredParameter(form: ReadonlyMap<string, string>, name: string): string {
  const value = form.get(name);
  if (!value) throw invalidRequest(`Missing required parameter: ${name}`);
  return value;
}

/**
 * Checks the length of a value that is stored until a user decides and then returned in an address.
 *
 * @throws OAuthError 400 `invalid_request`
 */
export function requireShort(name: string, value: string | null | undefined): void {
  if (value != null && value.length > MAX_PARAMETER_LENGTH)
    throw invalidRequest(`${name} is longer than ${MAX_PARAMETER_LENGTH} characters`);
}
