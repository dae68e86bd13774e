import { RecentMap } from "./recent-map.ts";

/** Longer strings are not worth their memory. */
const MAX_KEPT_CHARACTERS = 512;

/**
 * `read`, with its results for the strings used last. Neither errors nor `undefined` are kept, so
 * that invalid strings of unknown callers displace nothing.
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
