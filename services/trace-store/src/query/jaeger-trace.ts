import type { Process, StoredSpan } from "../model/stored-span.ts";

/** A trace in Jaeger's JSON: equal processes are said once and named `p1`, `p2` in the order they appear. */
export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly (Omit<StoredSpan, "process"> & { readonly processID: string })[];
  readonly processes: Readonly<Record<string, Process>>;
  readonly warnings: null;
}

/** @param spans of one trace, at least one */
export function jaegerTrace(spans: readonly StoredSpan[]): JaegerTrace {
  const processIDs = new Map<string, string>();
  const processes: Record<string, Process> = {};
  const named = spans.map(({ process, ...span }) => {
    const text = JSON.stringify(process);
    const processID = processIDs.get(text) ?? `p${processIDs.size + 1}`;
    processIDs.set(text, processID);
    processes[processID] = process;
    return { ...span, processID };
  });
  return { traceID: spans[0]?.traceID ?? "", spans: named, processes, warnings: null };
}
