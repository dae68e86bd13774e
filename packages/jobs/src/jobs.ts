/** The work of one queue. */
export interface JobHandler {
  /**
   * Does the work, whose state is in a row of its own. The job ends when the promise resolves; a
   * rejected job runs again after a pause.
   *
   * Runs at least once: it can start again after its work is done, and concurrently with an attempt
   * whose process was suspended. It must begin by reading its row, and write by compare-and-set.
   *
   * @param signal aborted when this process closes, or another has taken over the job: stop, and
   * reject with its reason
   */
  run(id: string, signal: AbortSignal, attempt: JobAttempt): Promise<void>;
  /** Writes into the row why the work has ended: it was started {@link MAX_STARTS} times. */
  abandon(id: string): Promise<void>;
}

/** One start of a job. */
export interface JobAttempt {
  /**
   * Whether an earlier start did not end, and may have sent a request without receiving the
   * response.
   */
  readonly isTakenOver: boolean;
}

/**
 * Work that outlives its process. The queues are the same in every replica of a service, and each
 * job runs in one of them.
 */
export interface Jobs {
  /** Declares a queue. Before {@link Jobs.start}. */
  handle(queue: string, handler: JobHandler): void;
  /**
   * Adds a job, unless the queue already has one with this id. Work that resumes after its job has
   * ended needs a new id, such as the row's key and a number.
   *
   * @param id letters, digits, `_`, `-`, `.` and `/`. It is not encrypted and must not be a secret
   * @throws StoreUnavailableError, StoreFullError: the job was not added
   */
  add(queue: string, id: string): Promise<void>;
  /** Starts the jobs that are stored, and those that are added later. */
  start(): Promise<void>;
  /**
   * Aborts the jobs of this process and waits for them. Another process or the next start runs them
   * again.
   */
  close(): Promise<void>;
}

/** Log of the jobs. */
export interface JobsLog {
  warn(fields: object, message: string): void;
}

/** Maximum starts of a job, so that a job that crashes its process does not run forever. */
export const MAX_STARTS = 8;
/** Maximum running jobs of a queue in one process. Most of them wait for a person. */
export const MAX_RUNNING = 200;
/** Longest wait for the jobs that {@link Jobs.close} aborts. */
export const CLOSE_MS = 5_000;

/** Pause before a job runs again that was started this often. */
export function pauseSeconds(starts: number): number {
  return Math.min(2 ** (starts - 1), 10);
}

/** Runs the next start of a job. */
export function startJob(
  handler: JobHandler,
  id: string,
  signal: AbortSignal,
  earlierStarts: number,
): Promise<void> {
  if (earlierStarts >= MAX_STARTS) return handler.abandon(id);
  return handler.run(id, signal, { isTakenOver: earlierStarts > 0 });
}
