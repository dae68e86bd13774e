import type { Failure, RunTrace } from "backend-api";
import { type ProtocolRun, readProtocolRun } from "protocol-trace/read";
import { useEffect, useState } from "react";
import { ApiFailure, describeFailure } from "../../api/api-failure.ts";

const pollIntervalMs = 1500;

export interface RunTraceState {
  /** The backend's latest answer. */
  trace?: RunTrace;
  /** The same as messages. */
  run?: ProtocolRun;
  /** Why the latest could not be had; what was there before stays. */
  failure?: Failure;
}

/**
 * Reads a run's trace, again and again while it grows.
 *
 * @param fetchTrace asks the backend; a new function starts over
 */
export function useRunTrace(
  fetchTrace: (signal: AbortSignal) => Promise<RunTrace>,
  onSessionLapsed: () => void,
): RunTraceState {
  const [state, setState] = useState<RunTraceState>({});
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async () => {
      let again = true;
      try {
        const trace = await fetchTrace(signal);
        setState({ trace, run: readProtocolRun(trace.traces) });
        again = trace.growing;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ApiFailure && error.kind === "session_lapsed") return onSessionLapsed();
        setState((before) => ({ ...before, failure: describeFailure(error) }));
        // Neither a run that is gone nor one that is somebody else's comes back.
        again = !(error instanceof ApiFailure && error.status === 404);
      }
      if (again && !signal.aborted) timer = setTimeout(read, pollIntervalMs);
    };
    setState({});
    void read();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [fetchTrace, onSessionLapsed]);
  return state;
}
