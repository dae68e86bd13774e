import { QuotaStore } from "aauth";
import type { Run } from "./run.ts";

export interface RunStoreOptions {
  /** Unix seconds. */
  readonly now: () => number;
  /** Runs kept at once, of all users. Default 1000; with no room left a user that has none is refused. */
  readonly maxRuns?: number;
  /** Runs kept per user, fewer where there are many users (`QuotaStore`). Default 100; beyond it the user's oldest finished one is discarded. */
  readonly maxRunsPerUser?: number;
  /** Seconds a run is kept after it was added. Default 3600. */
  readonly lifetimeSeconds?: number;
}

/** The runs in memory, each seen by its owner only. */
export interface RunStore {
  /** @throws StoreFullError */
  add(run: Run): void;
  /** The run if it is this user's; somebody else's run does not exist. */
  get(userId: string, id: string): Run | undefined;
  /** The user's runs, newest first. */
  list(userId: string): Run[];
  /** Discards the user's runs and says how many. */
  clear(userId: string): number;
}

export function createRunStore(options: RunStoreOptions): RunStore {
  const { now, maxRuns = 1000, maxRunsPerUser = 100, lifetimeSeconds = 3600 } = options;
  const runs = new QuotaStore<Run>({
    maxEntries: maxRuns,
    maxPerOwner: maxRunsPerUser,
    now,
    onDrop: (run) => run.discard(),
  });

  return {
    add(run) {
      const finished = runs.hasRoom(run.userId)
        ? undefined
        : runs.list(run.userId).find(({ isFinal }) => isFinal);
      if (finished !== undefined) runs.delete(finished.id);
      runs.put(run.userId, run.id, run, lifetimeSeconds);
    },
    get(userId, id) {
      const run = runs.get(id);
      return run?.userId === userId ? run : undefined;
    },
    list: (userId) => runs.list(userId).reverse(),
    clear(userId) {
      const mine = runs.list(userId);
      for (const run of mine) runs.delete(run.id);
      return mine.length;
    },
  };
}
