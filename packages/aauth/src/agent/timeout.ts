/** More than any answer takes, and still a time: a longer timer would fire at once. */
export const MAX_WAIT_SECONDS = 86_400;

/**
 * The earliest of several signals; the platform's own way costs more than a request where there is
 * but one.
 */
export function anyOf(signals: readonly AbortSignal[]): AbortSignal | undefined {
  return signals.length > 1 ? AbortSignal.any([...signals]) : signals[0];
}

/**
 * Runs something that has to be done in time: the signal given to it aborts with a `TimeoutError`,
 * or with one of `signals`, but never after it is done. `Infinity` disables the timeout.
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
 * Waits for a promise that others may wait for, too: a signal that aborts ends the waiting, not
 * what is waited for.
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

/** Waits, for a day at most. Rejects with the signal's reason as soon as it aborts. */
export function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(ms, MAX_WAIT_SECONDS * 1_000));
  });
  return unlessAborted(elapsed, signal).finally(() => clearTimeout(timer));
}
