import { QuotaStore } from "./quota-store.ts";

export interface LimitOptions {
  /** Maximum distinct items of one owner at a time. */
  readonly maxPerOwner: number;
  /** Maximum distinct items of all owners together. */
  readonly maxEntries: number;
  /**
   * Maximum distinct items of each member of an owner, if the caller names one. Default: no limit.
   */
  readonly maxPerMember?: number;
  /** Unix seconds. */
  readonly now: () => number;
}

/**
 * Limits the distinct items that an owner may have at a time in this process, to bound work and
 * memory only.
 */
export class Limit {
  readonly #entries: QuotaStore<string>;
  readonly #maxPerMember: number;

  constructor({ maxPerMember = Number.POSITIVE_INFINITY, ...bounds }: LimitOptions) {
    this.#entries = new QuotaStore(bounds);
    this.#maxPerMember = maxPerMember;
  }

  /** True if the owner may have another item. */
  hasRoom(owner: string): boolean {
    return this.#entries.hasRoom(owner);
  }

  /** False if the item exceeds a limit. An admitted item is admitted again. */
  admits(owner: string, name: string, ttlSeconds: number, member = ""): boolean {
    const key = JSON.stringify([owner, member, name]);
    if (this.#entries.has(key)) return true;
    if (!(ttlSeconds > 0) || !this.#entries.hasRoom(owner)) return false;
    if (member !== "" && this.#countOf(owner, member) >= this.#maxPerMember) return false;
    this.#entries.put(owner, key, member, ttlSeconds);
    return true;
  }

  /** Releases an item that has ended early without leaving any state. */
  release(owner: string, name: string, member = ""): void {
    this.#entries.delete(JSON.stringify([owner, member, name]));
  }

  #countOf(owner: string, member: string): number {
    return this.#entries.list(owner).filter((other) => other === member).length;
  }
}
