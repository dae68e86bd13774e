import { setTimeout as pause } from "node:timers/promises";
import { StoreUnavailableError } from "aauth";

/** Longer than a database takes to restart. */
const PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Makes a background write, and repeats it while the store cannot be reached. The write must be
 * idempotent, because a failed one may have taken effect.
 *
 * @throws StoreUnavailableError after a minute; any error of the write
 */
export async function patiently<Result>(write: () => Promise<Result>): Promise<Result> {
  const until = performance.now() + PATIENCE_MS;
  for (let waitMs = FIRST_PAUSE_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_PAUSE_MS)) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || performance.now() >= until) throw error;
      await pause(waitMs);
    }
  }
}

/** Sequential writes of one piece of work. */
export interface WriteQueue {
  /** After one write has failed, later ones are skipped. */
  add(write: () => Promise<unknown>): void;
  /** Resolves when all writes so far are done. Rejects with the first failure. */
  done(): Promise<unknown>;
}

export function createWriteQueue(): WriteQueue {
  let last: Promise<unknown> = Promise.resolve();
  return {
    add(write) {
      last = last.then(() => patiently(write));
      // `done` reports it.
      last.catch(() => {});
    },
    done: () => last,
  };
}
