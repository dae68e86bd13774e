/** Maximum writes in one statement. */
const MAX_BATCH = 100;
/** Maximum waiting writes. */
const MAX_WAITING = 5_000;

/** Statement of a {@link WriteQueue}, its errors and its deadline. */
export interface BatchOptions<Write, Result> {
  /** Performs writes in order, all or none. Returns a result for each. */
  write(batch: readonly Write[]): Promise<readonly Result[]>;
  /**
   * Whether the values of a write caused an error of `write`. The other writes are then made
   * without it.
   */
  isRefusedValue(error: unknown): boolean;
  /** Creates the error of a write that was not made in time. */
  unavailable(reason: string): Error;
  /** Milliseconds that a write may take, including its waiting time. */
  readonly deadlineMs: number;
}

interface Waiting<Write, Result> {
  readonly write: Write;
  /** Whether the deadline has passed. */
  isLate: boolean;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Group commit: writes that arrive while a batch is in progress are made together in the next one,
 * in the order of arrival. A lone write is made at once. An error rejects all writes of its batch.
 * If PostgreSQL rejects the values of some, only these are rejected.
 */
export class WriteQueue<Write, Result> {
  readonly #options: BatchOptions<Write, Result>;
  readonly #waiting = new Set<Waiting<Write, Result>>();
  #run: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: BatchOptions<Write, Result>) {
    this.#options = options;
  }

  /** Rejects if the write exceeds the deadline. The write may have been made nevertheless. */
  async add(write: Write): Promise<Result> {
    const { deadlineMs, unavailable } = this.#options;
    if (this.#isClosed) throw unavailable("the store is closed");
    if (this.#waiting.size >= MAX_WAITING) throw unavailable(`${MAX_WAITING} writes wait`); // hole V7
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const waiting = { write, isLate: false, resolve, reject };
    this.#waiting.add(waiting);
    const timer = setTimeout(() => {
      waiting.isLate = true;
      this.#waiting.delete(waiting);
      reject(unavailable(`no answer within ${deadlineMs} ms`));
    }, deadlineMs);
    this.#run ??= this.#makeAll();
    return promise.finally(() => clearTimeout(timer));
  }

  /** Rejects further writes, and resolves when all earlier ones are complete or rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#run;
  }

  async #makeAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, MAX_BATCH);
      for (const waiting of batch) this.#waiting.delete(waiting);
      await this.#make(batch);
    }
    this.#run = undefined;
  }

  async #make(waiting: readonly Waiting<Write, Result>[]): Promise<void> {
    const batch = waiting.filter(({ isLate }) => !isLate);
    if (batch.length === 0) return;
    try {
      const results = await this.#options.write(batch.map(({ write }) => write));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index]!);
    } catch (error) {
      if (batch.length === 1 || !this.#options.isRefusedValue(error)) {
        for (const { reject } of batch) reject(error);
        return;
      }
      const half = batch.length >> 1;
      await this.#make(batch.slice(0, half));
      await this.#make(batch.slice(half));
    }
  }
}
