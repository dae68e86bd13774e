import { EventEmitter } from "node:events";
import type { Run } from "./run.ts";

/** What a process has of runs beside their data, by run id: abort controllers and watchers. */
export interface LiveRuns {
  /** Does some work for a run. The signal is aborted when the run is removed. */
  work<T>(id: string, work: (removed: AbortSignal) => Promise<T>): Promise<T>;
  /** Calls `watcher` with each new state, and with undefined when the run is removed. Returns the way to stop. */
  watch(id: string, watcher: (run: Run | undefined) => void): () => void;
  watcherCount(id: string): number;
  announce(run: Run): void;
  /** The run has been removed: its work stops, its watchers learn of it. */
  remove(id: string): void;
}

export function createLiveRuns(): LiveRuns {
  const aborts = new Map<string, AbortController>();
  const states = new EventEmitter().setMaxListeners(0);
  return {
    async work(id, work) {
      const abort = new AbortController();
      aborts.set(id, abort);
      try {
        return await work(abort.signal);
      } finally {
        aborts.delete(id);
      }
    },
    watch(id, watcher) {
      states.on(id, watcher);
      return () => states.off(id, watcher);
    },
    watcherCount: (id) => states.listenerCount(id),
    announce: (run) => void states.emit(run.id, run),
    remove(id) {
      aborts.get(id)?.abort();
      states.emit(id, undefined);
      states.removeAllListeners(id);
    },
  };
}
