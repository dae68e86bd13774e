/** Items by the whole second in which they have expired, so that a sweep touches only what goes. */
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

  /** Hands over what has expired, at most once a second; returns the time it is. */
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
