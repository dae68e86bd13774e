/** Exceeds any response time, but not the range of a timer, which would otherwise fire at once. */
export const MAX_WAIT_SECONDS = 86_400;

/** Combines signals. A single one is returned as it is, because `AbortSignal.any` is slow. */
export function anyOf(signals: readonly AbortSignal[]): AbortSignal | undefined {
  return signals.length > 1 ? AbortSignal.any([...signals]) : signals[0];
}

/**
 * Runs an operation with a time limit. Its signal aborts with a `TimeoutError`, or with one of
 * `signals`, but never after the operation has ended. `Infinity` disables the timeout.
 */
export async function withTimeout<T>(
  timeoutMs: number,
  run: (timeout: AbortSignal) => Promise<T>,
  signals: readonly AbortSignal[] = [],
): Promise<T> {
  const timeout = new AbortController();
  const expire = () => timeout.abort(new DOMException(`no answer within ${timeoutMs} ms`, "TimeoutError"));
  // A timer with an infinite delay fires at once.
  const timer = timeoutMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(expire, timeoutMs);
  const aborted = signals.find((signal) => signal.aborted);
  if (aborted) timeout.abort(aborted.reason);
  const pass = ({ target }: Event) => timeout.abort((target as AbortSignal).reason);
  for (const signal of signals) signal.addEventListener("abort", pass);
  try {
    return await run(timeout.signal);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener("abort", pass);
  }
}

/**
 * Waits for a promise that others may share. An aborted signal ends the wait, not the operation.
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Waits for `ms`, but at most a day. Rejects with the signal's reason if it aborts. */
export function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(ms, MAX_WAIT_SECONDS * 1_000));
  });
  return unlessAborted(elapsed, signal).finally(() => clearTimeout(timer));
}
