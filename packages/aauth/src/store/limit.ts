import { QuotaStore } from "./quota-store.ts";

export interface LimitOptions {
  /** Different things that one owner may have at a time. */
  readonly maxPerOwner: number;
  /** The same of all owners together. */
  readonly maxEntries: number;
  /**
   * The same of each member of an owner, where the caller names one. Default: no limit of its own.
   */
  readonly maxPerMember?: number;
  /** Unix seconds. */
  readonly now: () => number;
}

/**
 * Limits the different things that one owner may have at a time, in this process: it bounds work
 * and memory, and decides about nothing else.
 */
export class Limit {
  readonly #entries: QuotaStore<string>;
  readonly #maxPerMember: number;

  constructor({ maxPerMember = Number.POSITIVE_INFINITY, ...bounds }: LimitOptions) {
    this.#entries = new QuotaStore(bounds);
    this.#maxPerMember = maxPerMember;
  }

  /** False where it is one too many. What has been admitted is admitted again. */
  admits(owner: string, name: string, ttlSeconds: number, member = ""): boolean {
    const key = JSON.stringify([owner, member, name]);
    if (this.#entries.has(key)) return true;
    if (!(ttlSeconds > 0) || !this.#entries.hasRoom(owner)) return false;
    if (member !== "" && this.#countOf(owner, member) >= this.#maxPerMember) return false;
    this.#entries.put(owner, key, member, ttlSeconds);
    return true;
  }

  /** For what has ended at once, and left nothing behind. */
  release(owner: string, name: string, member = ""): void {
    this.#entries.delete(JSON.stringify([owner, member, name]));
  }

  #countOf(owner: string, member: string): number {
    return this.#entries.list(owner).filter((other) => other === member).length;
  }
}
