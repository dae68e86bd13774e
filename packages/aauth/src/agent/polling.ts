import { AAuthAgentError } from "../errors.ts";
import type { PendingState } from "../profiles/wire-profile.ts";
import { unlessAborted } from "./timeout.ts";

/** Where a server does not say when to look again. */
const DEFAULT_WAIT_MS = 5_000;
/** A server must not make an agent spin. */
const MIN_WAIT_MS = 20;

/** Waits until a pending answer may be looked at, and returns its address. */
export type Polling = (pending: PendingState, signal: AbortSignal | undefined) => Promise<string>;

/**
 * Creates the waiting for one answer, of a resource or of a token endpoint.
 *
 * @param asked the URL that was asked first: the answer has to be at its origin
 * @param pendingMs how long the answer may take, from now on
 * @param untrusted the error for an answer that is promised elsewhere
 * @throws (from the waiting) AAuthAgentError `grant_pending` when the next look would be too late; the reason of the signal
 */
export function createPolling(
  asked: string,
  pendingMs: number,
  untrusted: (reason: string) => AAuthAgentError,
): Polling {
  const giveUpAt = performance.now() + pendingMs;
  return async ({ location, retryAfterSeconds }, signal) => {
    const url = URL.parse(location, asked);
    if (url === null || url.origin !== new URL(asked).origin) {
      throw untrusted("the answer is promised at another origin");
    }
    const askedMs = retryAfterSeconds * 1000;
    const waitMs = askedMs >= 0 ? Math.max(MIN_WAIT_MS, askedMs) : DEFAULT_WAIT_MS;
    // Written so that a limit that is not a number ends the waiting.
    if (!(performance.now() + waitMs <= giveUpAt)) {
      throw new AAuthAgentError("grant_pending", "the answer was not ready in time");
    }
    await delay(waitMs, signal);
    return url.href;
  };
}

/** Waits; rejects with the signal's reason as soon as it aborts. */
function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return unlessAborted(elapsed, signal).finally(() => clearTimeout(timer));
}
