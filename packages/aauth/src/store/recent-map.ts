export interface Weights<Key, Value> {
  /** Limit of all values together. */
  readonly maxWeight: number;
  readonly weigh: (key: Key, value: Value) => number;
}

/**
 * A map that forgets what has not been used for long: what a hot path remembers of unknown callers
 * has to be bounded, and looking it up must cost next to nothing. It has two generations: when the
 * younger one is half of the bound, it takes the older one's place; what is found in the older one
 * moves to the younger. Holds at most `maxEntries`, and at least the half used last. Where callers
 * decide how large a value is, weights are bounded, too.
 */
export class RecentMap<Key, Value> {
  readonly #halfSize: number;
  readonly #weights: Weights<Key, Value> | undefined;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();
  /** Weight of what came into the younger generation. */
  #youngWeight = 0;

  /**
   * @param weights a value heavier than half of `maxWeight` is not kept
   * @throws RangeError below 2: each generation has at least one entry
   */
  constructor(maxEntries: number, weights?: Weights<Key, Value>) {
    if (!(maxEntries >= 2)) throw new RangeError("maxEntries must be at least 2");
    this.#halfSize = maxEntries >> 1;
    this.#weights = weights;
  }

  get(key: Key): Value | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const older = this.#old.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: Key, value: Value): void {
    if (this.#weights !== undefined && !this.#makeRoom(key, value, this.#weights)) return;
    if (this.#young.size >= this.#halfSize && !this.#young.has(key)) this.#age();
    this.#young.set(key, value);
  }

  /** False for a value that is too heavy; what was there under its key is gone then. */
  #makeRoom(key: Key, value: Value, { maxWeight, weigh }: Weights<Key, Value>): boolean {
    const weight = weigh(key, value);
    if (!(weight <= maxWeight / 2)) {
      this.delete(key);
      return false;
    }
    if (this.#youngWeight + weight > maxWeight / 2) this.#age();
    this.#youngWeight += weight;
    return true;
  }

  #age(): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngWeight = 0;
  }

  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
