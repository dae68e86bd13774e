import type { Failure, RunTrace } from "backend-api";
import { type ProtocolRun, readProtocolRun } from "protocol-trace/read";
import { useEffect, useState } from "react";
import { ApiFailure, describeFailure } from "../../api/api-failure.ts";

/** How long until a trace that may grow is read again. */
export const POLL_INTERVAL_MS = 1500;

type FetchTrace = (signal: AbortSignal) => Promise<RunTrace>;

export interface RunTraceState {
  /** The latest answer. */
  trace?: RunTrace;
  /** The same as messages. */
  run?: ProtocolRun;
  /** The run has ended, and the latest read found no more spans than the one before. */
  isStill?: boolean;
  /** Why the latest read failed. The previous result stays. */
  failure?: Failure;
}

/**
 * A run's trace, read again and again while it grows.
 *
 * @param fetchTrace asks the backend; a new function starts over
 */
export function useRunTrace(fetchTrace: FetchTrace): RunTraceState {
  const [state, setState] = useState<RunTraceState>({});
  useEffect(() => {
    setState({});
    return pollRunTrace(fetchTrace, setState);
  }, [fetchTrace]);
  return state;
}

/**
 * Reads a run's trace, again and again while it may grow, and after failures that may pass.
 *
 * @param onChange receives changes; a new result replaces an old failure
 * @returns the way to stop
 */
export function pollRunTrace(
  fetchTrace: FetchTrace,
  onChange: (change: (before: RunTraceState) => RunTraceState) => void,
): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const read = async () => {
    let again = true;
    try {
      const trace = await fetchTrace(signal);
      if (signal.aborted) return;
      const run = readProtocolRun(trace.traces);
      const spans = run.waterfall.length;
      onChange((before) => ({
        ...{ trace, run },
        isStill: trace.finished && (!trace.growing || spans === before.run?.waterfall.length),
      }));
      again = trace.growing;
    } catch (error) {
      if (signal.aborted) return;
      const failed = error instanceof ApiFailure ? error : undefined;
      if (failed?.kind === "session_lapsed") return;
      onChange((before) => ({ ...before, failure: describeFailure(error) }));
      // A dropped run, or another user's run, does not come back.
      again = failed?.status !== 404;
    }
    if (again) timer = setTimeout(read, POLL_INTERVAL_MS);
  };
  void read();
  return () => {
    controller.abort();
    clearTimeout(timer);
  };
}
