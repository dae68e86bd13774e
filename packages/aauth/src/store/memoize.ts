import { RecentMap } from "./recent-map.ts";

/** Longer strings are not cached. */
const MAX_KEPT_CHARACTERS = 512;

/**
 * Caches the results of `read` for recently used strings. Errors and `undefined` are not cached, so
 * that invalid strings from untrusted callers evict nothing.
 */
export function memoize<Value>(maxEntries: number, read: (text: string) => Value): (text: string) => Value {
  const known = new RecentMap<string, Value>(maxEntries);
  return (text) => {
    const value = known.get(text);
    if (value !== undefined) return value;
    const fresh = read(text);
    if (fresh !== undefined && text.length <= MAX_KEPT_CHARACTERS) known.set(text, fresh);
    return fresh;
  };
}
