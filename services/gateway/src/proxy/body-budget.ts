interface Share {
  bytes: number;
  /** Holds that have not been released. */
  holds: number;
}

/** What one request holds of a {@link BodyBudget}. */
export interface HeldBytes {
  /** False when there is no room for so many more; nothing is held of them then. */
  add(bytes: number): boolean;
  /** Gives some back. */
  giveBack(bytes: number): void;
  /** Gives all back; nothing can be added from then on. */
  release(): void;
}

/**
 * How many bytes of request bodies the process holds at a time. What the requests for one agent hold, times the number of agents that
 * requests are held for, may not exceed what is left free: an agent that does not take what is sent to it ends up with at most half, and
 * callers of the others go on.
 */
export class BodyBudget {
  readonly #maxBytes: number;
  readonly #shares = new Map<string, Share>();
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** @param agent whose requests share */
  hold(agent: string): HeldBytes {
    const share = this.#shares.get(agent) ?? { bytes: 0, holds: 0 };
    this.#shares.set(agent, share);
    share.holds += 1;
    let held = 0;
    let isReleased = false;
    const giveBack = (bytes: number) => {
      held -= bytes;
      share.bytes -= bytes;
      this.#heldBytes -= bytes;
    };
    return {
      add: (bytes) => {
        const room = this.#maxBytes - this.#heldBytes;
        if (isReleased || (share.bytes + bytes) * this.#shares.size > room) return false;
        giveBack(-bytes);
        return true;
      },
      giveBack: (bytes) => giveBack(Math.min(bytes, held)),
      release: () => {
        if (isReleased) return;
        isReleased = true;
        giveBack(held);
        share.holds -= 1;
        if (share.holds === 0) this.#shares.delete(agent);
      },
    };
  }
}
