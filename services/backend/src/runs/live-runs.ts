import { EventEmitter } from "node:events";
import type { Hints } from "jobs";
import type { Run } from "./run.ts";

/**
 * A process's abort controllers and watchers, by run id. Changes and removals also reach those of
 * other replicas.
 */
export interface LiveRuns {
  /** Does work for a run. The signal is aborted when the run is removed. */
  work<T>(id: string, work: (removed: AbortSignal) => Promise<T>): Promise<T>;
  /**
   * Calls `watcher` with each new state, and with undefined when the run is removed. Returns a
   * function that stops watching.
   */
  watch(id: string, watcher: (run: Run | undefined) => void): () => void;
  watcherCount(id: string): number;
  announce(run: Run): void;
  /** Aborts a removed run's work and notifies its watchers. */
  remove(id: string): void;
}

const CHANNEL = "runs";

/** @param find reads a run changed by another replica */
export function createLiveRuns(hints: Hints, find: (id: string) => Promise<Run | undefined>): LiveRuns {
  const aborts = new Map<string, AbortController>();
  const states = new EventEmitter().setMaxListeners(0);
  function inform(id: string, run: Run | undefined): void {
    states.emit(id, run);
    if (run !== undefined) return;
    aborts.get(id)?.abort();
    states.removeAllListeners(id);
  }
  hints.listen(CHANNEL, (id) => {
    if (!aborts.has(id) && states.listenerCount(id) === 0) return;
    // A row that cannot be read now is read again at the next change or a watcher's next poll.
    find(id).then(
      (run) => inform(id, run),
      () => {},
    );
  });
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
    announce(run) {
      inform(run.id, run);
      hints.announce(CHANNEL, run.id);
    },
    remove(id) {
      inform(id, undefined);
      hints.announce(CHANNEL, id);
    },
  };
}
