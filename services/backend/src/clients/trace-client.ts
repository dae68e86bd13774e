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

/** A trace store with Jaeger's query API. Answers are its JSON, `{ data: [trace] }`; nothing in them is believed here. */
export interface TraceClient {
  /** One trace; undefined when the store does not have it (yet). @throws TraceStoreError */
  trace(traceId: string): Promise<unknown>;
  /** Every trace of the last two days with a span of this service and name that has all these tags, each as an answer of its own. @throws TraceStoreError */
  find(span: {
    service: string;
    operation: string;
    tags: Readonly<Record<string, string>>;
  }): Promise<unknown[]>;
  /** What the store is, as far as its latest answer tells: the embedded one says so. Undefined before there was one. */
  kind(): "trace-store" | "jaeger" | undefined;
}

/** As far back as both stores look by themselves. */
const LOOK_BACK_MS = 172_800_000;
const MAX_FOUND = 8;

export function createTraceClient(options: TraceClientOptions): TraceClient {
  const { url, timeoutMs = 5000, maxTraceBytes = 8 * 1024 * 1024 } = options;
  const get = options.fetch ?? ((input, init) => fetch(input, init));
  let kind: ReturnType<TraceClient["kind"]>;

  async function ask(path: string): Promise<unknown> {
    let status: number;
    let text: string;
    try {
      const response = await get(`${url}${path}`, {
        headers: { accept: "application/json" },
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
      });
      ({ status } = response);
      kind = response.headers.get("server") === "trace-store" ? "trace-store" : "jaeger";
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
  }

  return {
    trace: (traceId) => ask(`/api/traces/${encodeURIComponent(traceId)}`),
    async find({ service, operation, tags }) {
      const query = new URLSearchParams({
        service,
        operation,
        tags: JSON.stringify(tags),
        limit: String(MAX_FOUND),
        start: String((Date.now() - LOOK_BACK_MS) * 1000),
        end: String((Date.now() + 60_000) * 1000),
      });
      const { data } = ((await ask(`/api/traces?${query}`)) ?? {}) as { data?: unknown };
      return Array.isArray(data) ? data.map((trace) => ({ data: [trace] })) : [];
    },
    kind: () => kind,
  };
}
