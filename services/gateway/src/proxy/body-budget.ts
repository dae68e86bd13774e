/** A request's share of a {@link BodyBudget}. */
export interface HeldBytes {
  /** Reserves bytes. Returns false, reserving none, if the budget does not allow them. */
  add(bytes: number): boolean;
  giveBack(bytes: number): void;
  /** Releases everything; nothing can be added afterwards. */
  release(): void;
}

/**
 * Limits the request bodies that the process holds. The bytes of one owner's requests, times the
 * number of active owners, may not exceed the free bytes. An agent that does not read its requests
 * thus occupies at most half, and other agents' callers are not affected.
 */
export class BodyBudget {
  readonly #maxBytes: number;
  readonly #byOwner = new Map<string, { bytes: number; holds: number }>();
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * @param owner owner that requests are charged to: an agent, or the address of an unidentified
   * caller
   */
  hold(owner: string): HeldBytes {
    const quota = this.#byOwner.get(owner) ?? { bytes: 0, holds: 0 };
    this.#byOwner.set(owner, quota);
    quota.holds += 1;
    let held = 0;
    let isReleased = false;
    const count = (bytes: number) => {
      held += bytes;
      quota.bytes += bytes;
      this.#heldBytes += bytes;
    };
    return {
      add: (bytes) => {
        const isFree = (quota.bytes + bytes) * this.#byOwner.size <= this.#maxBytes - this.#heldBytes;
        if (isReleased || !isFree) return false;
        count(bytes);
        return true;
      },
      giveBack: (bytes) => count(-Math.min(bytes, held)),
      release: () => {
        if (isReleased) return;
        isReleased = true;
        count(-held);
        quota.holds -= 1;
        if (quota.holds === 0) this.#byOwner.delete(owner);
      },
    };
  }
}
