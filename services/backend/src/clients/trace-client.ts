import { readBounded } from "./read-bounded.ts";

export interface TraceClientOptions {
  /** Base URL of a trace store with Jaeger's query API. */
  readonly url: string;
  /** Default 5000. */
  readonly timeoutMs?: number;
  /** Largest trace read, bytes. Default 8 MiB. */
  readonly maxTraceBytes?: number;
  /** Default: the platform's. */
  readonly fetch?: typeof fetch;
}

/** The trace store cannot be asked, or its answer cannot be used. */
export class TraceStoreError extends Error {
  override readonly name = "TraceStoreError";
}

/**
 * Fetches one trace: `{ data: [trace] }` in the JSON of Jaeger's query API, undefined when the store does not have it (yet).
 *
 * @throws TraceStoreError (from the client)
 */
export type TraceClient = (traceId: string) => Promise<unknown>;

export function createTraceClient(options: TraceClientOptions): TraceClient {
  const { url, timeoutMs = 5000, maxTraceBytes = 8 * 1024 * 1024 } = options;
  const get = options.fetch ?? ((input, init) => fetch(input, init));
  return async (traceId) => {
    let status: number;
    let text: string;
    try {
      const response = await get(`${url}/api/traces/${encodeURIComponent(traceId)}`, {
        headers: { accept: "application/json" },
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
      });
      ({ status } = response);
      text = await readBounded(response, maxTraceBytes);
    } catch (cause) {
      throw new TraceStoreError("the trace store does not answer", { cause });
    }
    if (status === 404) return undefined;
    if (status !== 200) throw new TraceStoreError(`the trace store answers with status ${status}`);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new TraceStoreError("the trace store's answer is no JSON", { cause });
    }
  };
}
