/**
 * A map that forgets what has not been used for long: what a hot path remembers of strangers has to be bounded, and
 * looking it up must cost next to nothing. It has two generations: when the younger one is half of the bound, it takes the
 * older one's place; what is found in the older one moves to the younger. Holds at most `maxEntries`, and at least the
 * half used last.
 */
export class RecentMap<Key, Value> {
  readonly #halfSize: number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  /** @throws RangeError below 2: each generation has at least one entry */
  constructor(maxEntries: number) {
    if (!(maxEntries >= 2)) throw new RangeError("maxEntries must be at least 2");
    this.#halfSize = maxEntries >> 1;
  }

  get(key: Key): Value | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const older = this.#old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: Key, value: Value): void {
    if (this.#young.size >= this.#halfSize && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
