import type { ConsentPolicy } from "./consent-policy.ts";

/** The policy as a person reads it. */
export function describePolicy({ scopes, prefixes }: ConsentPolicy): string {
  const list = (words: readonly string[]) => (words.length === 0 ? "(none)" : words.join(", "));
  return `Scopes that need consent:    ${list(scopes)}\nPrefixes that need consent:  ${list(prefixes)}`;
}
