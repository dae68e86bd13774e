/**
 * Where finished spans go. The gateway makes one SERVER span a request when its file has a `tracing` section, and sends them by
 * OTLP/HTTP (`observe/otlp-telemetry.ts`) unless `buildGateway` is given something else. Trace ids and `traceparent` do not depend on it.
 */

/** One finished request. Attribute values are plain JSON data; tokens and signatures are cut already. */
export interface GatewaySpan {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** The caller's span. */
  readonly parentSpanId?: string;
  /** `METHOD matched-path`, or `unknown` when no route was found. */
  readonly name: string;
  /** Unix milliseconds, with fractions. */
  readonly startTimeMs: number;
  readonly endTimeMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Spans so far. Those in neither number are still on their way. */
export interface SpanCounts {
  readonly exported: number;
  /** Given up: the collector is away, slow or refuses them. */
  readonly dropped: number;
}

/** Takes finished spans. `exportSpan` must not throw and must not wait. */
export interface Telemetry {
  exportSpan(span: GatewaySpan): void;
  /** For `/metrics`. */
  counts?(): SpanCounts;
  /** Sends what is left, within a bounded time. */
  close?(): Promise<void>;
}
