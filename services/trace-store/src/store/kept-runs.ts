import type { RecordStore } from "aauth";
import type { StoredSpan } from "./stored-span.ts";
import type { TraceStore } from "./trace-store.ts";

/** The trace of a run as it outlives the process: the JSON of each span. */
export interface KeptTrace {
  readonly spans: readonly string[];
}

/** A killed process loses at most the spans of this time. */
const WRITE_DELAY_MS = 500;
/** As long as the backend keeps a run, an order or a delegate's call. */
const LIFETIME_SECONDS = 3600;
/**
 * The traces are all of one owner, so that they can be listed. Their number is bounded by the store
 * in memory.
 */
const TERMS = { owner: "runs", ttlSeconds: LIFETIME_SECONDS };

/**
 * Keeps the traces of runs in a record store as well, written behind: what a {@link TraceStore}
 * holds of a run is written within half a second of its last span, and deleted when it is given up
 * there. A store that fails costs no span its place in memory; it is tried again with the next
 * spans of the run, and the log has one line when it begins to fail.
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

  /** Reads the traces that an earlier process has kept into memory, the oldest first. */
  async restore(): Promise<void> {
    await this.#try(async () => {
      for (const { spans } of await this.#records.list(TERMS.owner)) {
        this.#store.add(spans.map((text) => JSON.parse(text) as StoredSpan));
      }
      // Traces that were read are not written again, and keep their lifetime.
      this.#store.takeChangedRuns();
    });
  }

  /** Schedules a write of the traces that have changed. */
  schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#write();
    }, WRITE_DELAY_MS);
  }

  /** Writes the traces that have changed. */
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
