/** The work of one queue. */
export interface JobHandler {
  /**
   * Does the work, whose state is in a row of its own. The job ends when the promise resolves; a
   * rejected job runs again after a pause.
   *
   * Runs at least once: it can start again after its work is done, and beside an attempt whose
   * process stood still. It begins by reading its row, and writes by compare-and-set.
   *
   * @param signal aborted when this process closes, or another has taken the job over: stop, and
   * reject with its reason
   */
  run(id: string, signal: AbortSignal, attempt: JobAttempt): Promise<void>;
  /** Writes into the row why the work has ended: it was started {@link MAX_STARTS} times. */
  abandon(id: string): Promise<void>;
}

/** One start of a job. */
export interface JobAttempt {
  /** The job was started before and did not end: a request without an answer may have been made. */
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
   * Adds a job, once: nothing happens while a job of this queue has the id. Work that resumes after
   * its job has ended takes a new id, such as the row's key and a number.
   *
   * @param id letters, digits, `_`, `-`, `.` and `/`. It is not encrypted: no secret
   * @throws StoreUnavailableError, StoreFullError: the job was not added
   */
  add(queue: string, id: string): Promise<void>;
  /** Starts the jobs that are stored, and those that are added later. */
  start(): Promise<void>;
  /**
   * Aborts the jobs that run here and waits for them: another process or the next start runs them.
   */
  close(): Promise<void>;
}

/** Log of the jobs. */
export interface JobsLog {
  warn(fields: object, message: string): void;
}

/** Starts of one job: more would let a job that kills its process go round forever. */
export const MAX_STARTS = 8;
/** Jobs of one queue that run in one process at a time. Most of them wait for a person. */
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
