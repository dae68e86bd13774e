import { apiRoutes, type Progress, progressSchema } from "backend-api";
import { ApiFailure } from "./api-failure.ts";
import type { ApiClient } from "./client.ts";
import { readEvents } from "./event-stream.ts";

export interface WatchOptions {
  signal: AbortSignal;
  /** Time between two polls. Default 2000. */
  pollIntervalMs?: number;
  /** Consecutive unanswered polls after which the watch gives up. Default 5. */
  maxMissedPolls?: number;
  /** Resolves after the given time, rejects when the signal aborts. Replaceable in tests. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export function isFinal(progress: Progress): boolean {
  return progress.status === "completed" || progress.status === "failed";
}

/**
 * Yields a run's progress until it is `completed` or `failed`: from the event stream while that
 * works, else by polling. A stream that cannot be opened, breaks, or ends early is not an error:
 * polling yields the same.
 *
 * @throws {ApiFailure} `session_lapsed`; or from polling: `refused` (404: no such run),
 * `unreadable`, `unreachable` after `maxMissedPolls`.
 */
export async function* watchRun(
  client: ApiClient,
  requestId: string,
  options: WatchOptions,
): AsyncGenerator<Progress> {
  const { signal, pollIntervalMs = 2000, maxMissedPolls = 5, sleep = sleepFor } = options;
  try {
    for await (const progress of streamProgress(client, requestId, signal)) {
      yield progress;
      if (isFinal(progress)) return;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ApiFailure && error.kind === "session_lapsed") throw error;
  }
  signal.throwIfAborted();

  for (let missed = 0; ; ) {
    try {
      const progress = await client.call(apiRoutes.progress, { params: { id: requestId }, signal });
      missed = 0;
      yield progress;
      if (isFinal(progress)) return;
    } catch (error) {
      signal.throwIfAborted();
      missed += 1;
      const passing = error instanceof ApiFailure && error.kind === "unreachable";
      if (!passing || missed >= maxMissedPolls) throw error;
    }
    await sleep(pollIntervalMs, signal);
  }
}

async function* streamProgress(
  client: ApiClient,
  requestId: string,
  signal: AbortSignal,
): AsyncGenerator<Progress> {
  const response = await client.open(apiRoutes.progressEvents, { params: { id: requestId }, signal });
  if (!response.body || !response.headers.get("content-type")?.startsWith("text/event-stream")) return;
  for await (const data of readEvents(response.body)) yield progressSchema.parse(JSON.parse(data));
}

function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
