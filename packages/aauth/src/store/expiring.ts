/** Items by the second of their expiry, so that a sweep visits only expired ones. */
export class Expiring<Item> {
  readonly #bySecond = new Map<number, Set<Item>>();
  readonly #now: () => number;
  #sweptSecond: number;

  /** @param now clock in Unix seconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#sweptSecond = Math.floor(now());
  }

  add(item: Item, expiresAt: number): void {
    const second = Math.ceil(expiresAt);
    const items = this.#bySecond.get(second);
    if (items) items.add(item);
    else this.#bySecond.set(second, new Set([item]));
  }

  delete(item: Item, expiresAt: number): void {
    const second = Math.ceil(expiresAt);
    const items = this.#bySecond.get(second);
    items?.delete(item);
    if (items?.size === 0) this.#bySecond.delete(second);
  }

  /** Passes expired items to `drop`, at most once a second. Returns the current time. */
  sweep(drop: (item: Item) => void): number {
    const now = this.#now();
    const second = Math.floor(now);
    if (second <= this.#sweptSecond) return now;
    this.#sweptSecond = second;
    for (const [expired, items] of this.#bySecond) {
      if (expired > second) continue;
      for (const item of items) drop(item);
      this.#bySecond.delete(expired);
    }
    return now;
  }
}
