import { MAX_PARAMETER_LENGTH } from "./parameters.ts";

const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * A scope as in OAuth (RFC 6749 section 3.3): printable ASCII without space, quote and backslash.
 */
export function isScope(text: string): boolean {
  return SCOPE.test(text);
}

/**
 * Scopes separated by one space. No allowed character can alter a page or a log that shows the
 * scope.
 */
export function isScopeList(text: string): boolean {
  return text.length <= MAX_PARAMETER_LENGTH && text.split(" ").every(isScope);
}

/** The scopes of a list, each once. */
export function scopesIn(list: string | undefined): string[] {
  return [...new Set(list?.split(" ").filter((scope) => scope !== ""))];
}
