import { setTimeout as pause } from "node:timers/promises";
import type { RecordStore } from "aauth";
import {
  CLOSE_MS,
  type JobHandler,
  type Jobs,
  type JobsLog,
  MAX_RUNNING,
  pauseSeconds,
  startJob,
} from "./jobs.ts";

/** A job as it is stored. */
export interface JobRow {
  readonly id: string;
  readonly starts: number;
}

const TTL_SECONDS = 86_400;

/**
 * Creates jobs for a single process. If the records outlive it, its jobs run again when the next
 * process starts.
 */
export function createLocalJobs(options: {
  /** Not shared with another running process. */
  readonly records: RecordStore<JobRow>;
  readonly log: JobsLog;
}): Jobs {
  const { records, log } = options;
  const queues = new Map<string, LocalQueue>();
  const closing = new AbortController();
  return {
    handle(queue, handler) {
      queues.set(queue, new LocalQueue(queue, handler, { records, log, closing: closing.signal }));
    },
    async add(name, id) {
      const queue = queues.get(name);
      if (queue === undefined) throw new RangeError(`no handler for the queue ${name}`);
      const isNew = await records.putIfAbsent(...rowOf(name, { id, starts: 0 }));
      if (isNew) queue.take({ id, starts: 0 });
    },
    async start() {
      for (const [name, queue] of queues) for (const row of await records.list(name)) queue.take(row);
    },
    async close() {
      closing.abort(new Error("the process closes"));
      const ended = Promise.all([...queues.values()].map((queue) => queue.ended()));
      await Promise.race([ended, pause(CLOSE_MS, undefined, { ref: false })]);
    },
  };
}

const rowOf = (queue: string, row: JobRow) =>
  [`${queue} ${row.id}`, row, { owner: queue, ttlSeconds: TTL_SECONDS }] as const;

class LocalQueue {
  readonly #name: string;
  readonly #handler: JobHandler;
  readonly #parts: { records: RecordStore<JobRow>; log: JobsLog; closing: AbortSignal };
  readonly #running = new Set<Promise<void>>();
  readonly #waiting: JobRow[] = [];

  constructor(
    name: string,
    handler: JobHandler,
    parts: { records: RecordStore<JobRow>; log: JobsLog; closing: AbortSignal },
  ) {
    this.#name = name;
    this.#handler = handler;
    this.#parts = parts;
  }

  /** Runs a job now, or after others have ended. */
  take(row: JobRow): void {
    this.#waiting.push(row);
    this.#fill();
  }

  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  #fill(): void {
    while (this.#running.size < MAX_RUNNING && !this.#parts.closing.aborted) {
      const row = this.#waiting.shift();
      if (row === undefined) return;
      const running = this.#runToEnd(row).finally(() => {
        this.#running.delete(running);
        this.#fill();
      });
      this.#running.add(running);
    }
  }

  async #runToEnd({ id, starts }: JobRow): Promise<void> {
    const { records, log, closing } = this.#parts;
    let started = starts;
    while (!closing.aborted) {
      try {
        await records.put(...rowOf(this.#name, { id, starts: started + 1 }));
        await startJob(this.#handler, id, closing, started++);
        await records.delete(`${this.#name} ${id}`);
        return;
      } catch (error) {
        if (closing.aborted) return;
        log.warn({ err: error, queue: this.#name, job: id }, "a job failed and runs again");
        const wait = pauseSeconds(Math.max(1, started)) * 1000;
        await pause(wait, undefined, { ref: false, signal: closing }).catch(() => {});
      }
    }
  }
}
