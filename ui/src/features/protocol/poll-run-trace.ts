import type { Failure, RunTrace } from "backend-api";
import { type ProtocolRun, readProtocolRun } from "protocol-trace/read";
import { ApiFailure, describeFailure } from "../../api/api-failure.ts";

/** How long until a trace that may grow is read again. */
export const POLL_INTERVAL_MS = 1500;

export interface RunTraceState {
  /** The latest answer. */
  trace?: RunTrace;
  /** The same as messages. */
  run?: ProtocolRun;
  /** Why the latest read failed. The previous result stays. */
  failure?: Failure;
}

export interface PollOptions {
  fetchTrace: (signal: AbortSignal) => Promise<RunTrace>;
  /** Receives changes. A new result replaces an old failure. */
  onChange: (change: (before: RunTraceState) => RunTraceState) => void;
  onSessionLapsed: () => void;
}

/**
 * Reads a run's trace, again and again while it may grow, and after failures that may pass.
 *
 * @returns the way to stop
 */
export function pollRunTrace({ fetchTrace, onChange, onSessionLapsed }: PollOptions): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const read = async () => {
    let again = true;
    try {
      const trace = await fetchTrace(signal);
      if (signal.aborted) return;
      onChange(() => ({ trace, run: readProtocolRun(trace.traces) }));
      again = trace.growing;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiFailure && error.kind === "session_lapsed") return onSessionLapsed();
      onChange((before) => ({ ...before, failure: describeFailure(error) }));
      // A dropped run, or another user's run, does not come back.
      again = !(error instanceof ApiFailure && error.status === 404);
    }
    if (again && !signal.aborted) timer = setTimeout(read, POLL_INTERVAL_MS);
  };
  void read();
  return () => {
    controller.abort();
    clearTimeout(timer);
  };
}
