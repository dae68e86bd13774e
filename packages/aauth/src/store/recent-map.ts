export interface Weights<Key, Value> {
  /** Total weight of all values. */
  readonly maxWeight: number;
  readonly weigh: (key: Key, value: Value) => number;
}

/**
 * A bounded map that evicts entries not recently used, with very fast lookups. It has two
 * generations: when the younger one reaches half of the bound, it replaces the older one; an entry
 * found in the older one moves to the younger. It holds at most `maxEntries`, and at least the last
 * used half of that. Weights bound values whose size callers choose.
 */
export class RecentMap<Key, Value> {
  readonly #halfSize: number;
  readonly #weights: Weights<Key, Value> | undefined;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();
  /** Weight added to the younger generation. */
  #youngWeight = 0;

  /**
   * @param weights bound of the total weight; a value heavier than half of it is not stored
   * @throws RangeError for less than 2, one entry for each generation
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

  /** Makes room. False for a value that is too heavy, whose previous entry is then deleted. */
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
