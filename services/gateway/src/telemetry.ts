/**
 * The seam for trace export. The gateway makes one SERVER span a request when its file has a `tracing` section; whoever wants the
 * spans passes a sink to `buildGateway`. Trace ids and `traceparent` do not depend on it.
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
  readonly startTimeMs: number;
  readonly endTimeMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Takes finished spans. `exportSpan` must not throw and must not wait. */
export interface Telemetry {
  exportSpan(span: GatewaySpan): void;
  /** Sends what is left. */
  close?(): Promise<void>;
}
