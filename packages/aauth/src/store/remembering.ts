import { RecentMap } from "./recent-map.ts";

/** A longer text is not worth its memory. */
const MAX_KEPT_CHARACTERS = 512;

/**
 * `read`, with what it made of the texts that came last: the same few come for ever. Neither what it throws for nor what it answers
 * with `undefined` is kept, so that strangers' wrong texts push out nothing.
 */
export function remembering<Value>(
  maxEntries: number,
  read: (text: string) => Value,
): (text: string) => Value {
  const known = new RecentMap<string, Value>(maxEntries);
  return (text) => {
    const value = known.get(text);
    if (value !== undefined) return value;
    const fresh = read(text);
    if (fresh !== undefined && text.length <= MAX_KEPT_CHARACTERS) known.set(text, fresh);
    return fresh;
  };
}
