import { type ProtocolRun, readProtocolRun } from "aauth-explain/run";
import type { Failure, RunTrace } from "backend-api";
import { useEffect, useState } from "react";
import { ApiFailure, describeFailure } from "../../api/api-failure.ts";

/** Interval between reads of a trace that may still grow. */
export const POLL_INTERVAL_MS = 1500;

type FetchTrace = (signal: AbortSignal) => Promise<RunTrace>;

export interface RunTraceState {
  /** The latest response. */
  trace?: RunTrace;
  /** Messages of the latest response. */
  run?: ProtocolRun;
  /** Whether the run has ended and the latest read found no new spans. */
  isStill?: boolean;
  /** Reason why the latest read failed. The previous result is kept. */
  failure?: Failure;
}

/**
 * Polls a run's trace while it grows.
 *
 * @param fetchTrace requests the trace; a new function starts over
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
 * Polls a run's trace while it may grow, and after transient failures.
 *
 * @param onChange receives changes; a new result replaces an earlier failure
 * @returns a function that stops polling
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
        trace,
        run,
        isStill: trace.finished && (!trace.growing || spans === before.run?.waterfall.length),
      }));
      again = trace.growing;
    } catch (error) {
      if (signal.aborted) return;
      const failed = error instanceof ApiFailure ? error : undefined;
      if (failed?.kind === "session_lapsed") return;
      onChange((before) => ({ ...before, failure: describeFailure(error) }));
      // A deleted run, or another user's run, will not become available.
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
