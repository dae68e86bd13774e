/**
 * Why an exchange must stop, once it must: an AbortSignal with nothing but what is needed on the path of every request, where the
 * platform's costs more than routing and policies together.
 */
export class Cancellation {
  #reason: unknown;
  #isRequested = false;
  #listeners: ((reason: unknown) => void)[] = [];

  get isRequested(): boolean {
    return this.#isRequested;
  }

  get reason(): unknown {
    return this.#reason;
  }

  /** Only the first reason counts. */
  request(reason: unknown): void {
    if (this.#isRequested) return;
    this.#isRequested = true;
    this.#reason = reason;
    for (const listener of this.#listeners.splice(0)) listener(reason);
  }

  /**
   * Calls back once, later, if it is requested; not when it has been already.
   *
   * @returns takes the listener away
   */
  onRequest(listener: (reason: unknown) => void): () => void {
    this.#listeners.push(listener);
    return () => {
      const index = this.#listeners.indexOf(listener);
      if (index >= 0) this.#listeners.splice(index, 1);
    };
  }
}

/**
 * What some work comes to, or the reason for which nobody waits for it any longer: a cancellation, or the end of its time. The work itself
 * goes on.
 */
export function untilCancelled<T>(
  work: Promise<T>,
  cancellation: Cancellation,
  timeoutMs?: number,
  timeoutReason?: () => unknown,
): Promise<T> {
  if (cancellation.isRequested) return Promise.reject(cancellation.reason);
  return new Promise((resolve, reject) => {
    const forget = cancellation.onRequest(reject);
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(() => reject(timeoutReason?.()), timeoutMs);
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      forget();
    });
  });
}
