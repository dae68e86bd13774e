import { setTimeout as pause } from "node:timers/promises";
import { StoreUnavailableError } from "aauth";

/** Above the time that a database takes to start again. */
const PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Makes a write of work in the background, again while the store cannot be reached. Such a write
 * may have happened, so that it has to do no harm twice.
 *
 * @throws StoreUnavailableError after a minute; what the write throws
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

/** Writes of one piece of work, one after the other. */
export interface Sequence {
  /** Once one has failed, no later one is made. */
  add(write: () => Promise<unknown>): void;
  /** Resolves once all writes so far are made. Rejects with the first failure. */
  done(): Promise<unknown>;
}

export function createSequence(): Sequence {
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
