import { readBounded } from "agent-kit/service";
import { z } from "zod";
import { BackendError } from "../errors.ts";

const spanSchema = z.looseObject({
  spanID: z.string(),
  operationName: z.string().optional(),
  processID: z.string().optional(),
  references: z.array(z.looseObject({ refType: z.string(), spanID: z.string() })).optional(),
  tags: z.array(z.looseObject({ key: z.string(), value: z.unknown() })).optional(),
});
const traceSchema = z.looseObject({
  traceID: z.string(),
  spans: z.array(spanSchema),
  processes: z.record(z.string(), z.looseObject({ serviceName: z.string() })).optional(),
});
const responseSchema = z.looseObject({ data: z.array(traceSchema).nullish() });

/** A trace in Jaeger's JSON: the members that the backend reads, and all others unchanged. */
export type StoredTrace = z.infer<typeof traceSchema>;
export type StoredSpan = z.infer<typeof spanSchema>;

export interface TraceClientOptions {
  /** Base URL of a trace store with Jaeger's query API. */
  readonly url: string;
  /** Default 5000. */
  readonly timeoutMs?: number;
  /** Largest trace read, bytes. Default 8 MiB. */
  readonly maxTraceBytes?: number;
}

/**
 * A trace store with Jaeger's query API. Its functions throw a BackendError `unreachable` if the
 * store does not respond or its response is unusable.
 */
export interface TraceClient {
  /** One trace, from the store's `data`. Undefined if the store does not have it (yet). */
  trace(traceId: string): Promise<StoredTrace[] | undefined>;
  /**
   * Every trace of the last two days with a span of this service and name that has all these tags.
   */
  find(span: {
    service: string;
    operation: string;
    tags: Readonly<Record<string, string>>;
  }): Promise<StoredTrace[]>;
  /** The kind of store, according to its latest response. Undefined before the first response. */
  kind(): "trace-store" | "jaeger" | undefined;
}

/** Default look-back of both stores. */
const LOOK_BACK_MS = 172_800_000;
const MAX_FOUND = 8;

export function createTraceClient(options: TraceClientOptions): TraceClient {
  const { url, timeoutMs = 5000, maxTraceBytes = 8 * 1024 * 1024 } = options;
  let kind: ReturnType<TraceClient["kind"]>;

  async function ask(path: string): Promise<StoredTrace[] | undefined> {
    try {
      const response = await fetch(`${url}${path}`, {
        headers: { accept: "application/json" },
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
      });
      kind = response.headers.get("server") === "trace-store" ? "trace-store" : "jaeger";
      const text = await readBounded(response, maxTraceBytes);
      if (response.status === 404) return undefined;
      if (response.status !== 200) throw new Error(`status ${response.status}`);
      return responseSchema.parse(JSON.parse(text)).data ?? [];
    } catch (cause) {
      const message = "The run's trace cannot be shown: the trace store gave no usable response";
      throw new BackendError("unreachable", message, { cause });
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
      return (await ask(`/api/traces?${query}`)) ?? [];
    },
    kind: () => kind,
  };
}
