import type { RecordStore } from "aauth";
import type { StoredSpan } from "./stored-span.ts";
import type { TraceStore } from "./trace-store.ts";

/** A run's trace as stored outside the process: the JSON of each span. */
export interface KeptTrace {
  readonly spans: readonly string[];
}

/** Delay of writes, and so the longest period whose spans a killed process loses. */
const WRITE_DELAY_MS = 500;
/** Same retention as that of runs, orders and delegates' calls in the backend. */
const LIFETIME_SECONDS = 3600;
/**
 * All traces have one owner, so that they can be listed. The in-memory store bounds their number.
 */
const TERMS = { owner: "runs", ttlSeconds: LIFETIME_SECONDS };

/**
 * Write-behind copy of runs' traces in a record store. A {@link TraceStore}'s trace of a run is
 * written within half a second of its last span, and deleted when dropped there. A failing store
 * does not affect the spans in memory: the write is retried with the run's next spans, and the log
 * has one line when failures begin.
 */
export class KeptRuns {
  readonly #store: TraceStore;
  readonly #records: RecordStore<KeptTrace>;
  readonly #logger: { warn(fields: object, message: string): void };
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(options: {
    readonly store: TraceStore;
    readonly records: RecordStore<KeptTrace>;
    readonly logger: { warn(fields: object, message: string): void };
  }) {
    this.#store = options.store;
    this.#records = options.records;
    this.#logger = options.logger;
  }

  /** Loads the traces kept by an earlier process into memory, oldest first. */
  async restore(): Promise<void> {
    await this.#try(async () => {
      for (const { spans } of await this.#records.list(TERMS.owner)) {
        this.#store.add(spans.map((text) => JSON.parse(text) as StoredSpan));
      }
      // Loaded traces are not written again and keep their expiry.
      this.#store.takeChangedRuns();
    });
  }

  /** Schedules a write of changed traces. */
  schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#write();
    }, WRITE_DELAY_MS);
  }

  /** Writes changed traces. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#write();
  }

  #write(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      for (const [traceID, spans] of this.#store.takeChangedRuns()) {
        await this.#try(() =>
          spans === undefined ? this.#records.delete(traceID) : this.#records.put(traceID, { spans }, TERMS),
        );
      }
    });
    return this.#writing;
  }

  async #try(work: () => unknown): Promise<void> {
    try {
      await work();
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#logger.warn({ err: error }, "traces of runs are not kept");
      this.#isFailing = true;
    }
  }
}
