interface Share {
  bytes: number;
  /** Holds that have not been released. */
  holds: number;
}

/**
 * How many bytes of request bodies the process holds at a time. What the requests for one agent hold, times the number of agents that
 * requests are held for, may not exceed what is left free: an agent that does not take what is sent to it ends up with at most half, and
 * callers of the others go on.
 */
export class BodyBudget {
  readonly #maxBytes: number;
  /** Kept for good: agents come from the configuration, and a map that forgets and learns anew with each request is hard on the collector. */
  readonly #shares = new Map<string, Share>();
  #agentsHeldFor = 0;
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** @param agent whose requests share */
  hold(agent: string): HeldBytes {
    let share = this.#shares.get(agent);
    if (share === undefined) {
      share = { bytes: 0, holds: 0 };
      this.#shares.set(agent, share);
    }
    if (share.holds === 0) this.#agentsHeldFor += 1;
    share.holds += 1;
    return new HeldBytes(this, share);
  }

  /** For {@link HeldBytes}: false when there is no room for so many more. */
  take(share: Share, bytes: number): boolean {
    if ((share.bytes + bytes) * this.#agentsHeldFor > this.#maxBytes - this.#heldBytes) return false;
    share.bytes += bytes;
    this.#heldBytes += bytes;
    return true;
  }

  /** For {@link HeldBytes}. */
  give(share: Share, bytes: number): void {
    share.bytes -= bytes;
    this.#heldBytes -= bytes;
  }

  /** For {@link HeldBytes}. */
  leave(share: Share): void {
    share.holds -= 1;
    if (share.holds === 0) this.#agentsHeldFor -= 1;
  }
}

/** What one request holds of a {@link BodyBudget}. */
export class HeldBytes {
  readonly #budget: BodyBudget;
  readonly #share: Share;
  #bytes = 0;
  #isReleased = false;

  constructor(budget: BodyBudget, share: Share) {
    this.#budget = budget;
    this.#share = share;
  }

  /** False when there is no room for so many more; nothing is held of them then. */
  add(bytes: number): boolean {
    if (this.#isReleased || !this.#budget.take(this.#share, bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  /** Gives some back. */
  giveBack(bytes: number): void {
    const given = Math.min(bytes, this.#bytes);
    this.#bytes -= given;
    this.#budget.give(this.#share, given);
  }

  /** Gives all back; nothing can be added from then on. */
  release(): void {
    if (this.#isReleased) return;
    this.giveBack(this.#bytes);
    this.#isReleased = true;
    this.#budget.leave(this.#share);
  }
}
