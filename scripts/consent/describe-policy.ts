import { visibleText } from "agent-kit/service";
import type { ConsentPolicy } from "./consent-policy.ts";

/** The policy as a person reads it; an auth server may have kept anything as a scope. */
export function describePolicy({ scopes, prefixes }: ConsentPolicy): string {
  const list = (words: readonly string[]) => (words.length === 0 ? "(none)" : visibleText(words.join(", ")));
  return `Scopes that need consent:    ${list(scopes)}\nPrefixes that need consent:  ${list(prefixes)}`;
}
