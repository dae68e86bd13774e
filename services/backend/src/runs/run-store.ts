import { LRUCache } from "lru-cache";
import type { Run } from "./run.ts";

export interface RunStoreOptions {
  /** Unix seconds. */
  readonly now: () => number;
  /** Runs kept at once, of all users. Default 1000; beyond it the oldest is discarded. */
  readonly maxRuns?: number;
  /** Runs kept per user. Default 100; beyond it the user's oldest finished one is discarded. */
  readonly maxRunsPerUser?: number;
  /** Seconds a run is kept after it was added. Default 3600. */
  readonly lifetimeSeconds?: number;
}

/** The runs in memory, each seen by its owner only. */
export interface RunStore {
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
  const runs = new LRUCache<string, Run>({
    max: maxRuns,
    ttl: lifetimeSeconds * 1000,
    ttlResolution: 0,
    perf: { now: () => now() * 1000 },
    dispose: (run) => run.discard(),
  });
  // Runs are only peeked at, so the cache's order stays that of their start, newest first.
  const owned = (userId: string) => [...runs.values()].filter((run) => run.userId === userId);

  return {
    add(run) {
      runs.purgeStale();
      const mine = owned(run.userId);
      if (mine.length >= maxRunsPerUser) {
        runs.delete((mine.findLast((candidate) => candidate.isFinal) ?? mine.at(-1)!).id);
      }
      runs.set(run.id, run);
    },
    get(userId, id) {
      const run = runs.peek(id);
      return run?.userId === userId ? run : undefined;
    },
    list: owned,
    clear(userId) {
      const mine = owned(userId);
      for (const run of mine) runs.delete(run.id);
      return mine.length;
    },
  };
}
