/** What one request holds of a {@link BodyBudget}. */
export interface HeldBytes {
  /** False when there is no room for so many more; nothing is held of them then. */
  add(bytes: number): boolean;
  giveBack(bytes: number): void;
  /** Gives all back; nothing can be added from then on. */
  release(): void;
}

/**
 * How many bytes of request bodies the process holds at a time. What the requests of one owner
 * hold, times the number of owners that requests are held for, may not exceed what is left free: an
 * agent that does not take what is sent to it ends up with at most half, and callers of the others
 * go on.
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

  /** @param owner whose requests share: an agent, or the address of a caller without a name */
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
