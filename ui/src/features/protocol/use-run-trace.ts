import type { RunTrace } from "backend-api";
import { useEffect, useState } from "react";
import { pollRunTrace, type RunTraceState } from "./poll-run-trace.ts";

/**
 * A run's trace, read again and again while it grows.
 *
 * @param fetchTrace asks the backend; a new function starts over
 */
export function useRunTrace(
  fetchTrace: (signal: AbortSignal) => Promise<RunTrace>,
  onSessionLapsed: () => void,
): RunTraceState {
  const [state, setState] = useState<RunTraceState>({});
  useEffect(() => {
    setState({});
    return pollRunTrace({ fetchTrace, onChange: setState, onSessionLapsed });
  }, [fetchTrace, onSessionLapsed]);
  return state;
}
