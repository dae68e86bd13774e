import { isSpanContextValid, trace } from "@opentelemetry/api";

/**
 * What a log line says about the trace it belongs to; nothing outside a trace. Names as
 * OpenTelemetry has them for logs.
 */
export function traceFields(): { trace_id?: string; span_id?: string } {
  const place = trace.getActiveSpan()?.spanContext();
  if (place === undefined || !isSpanContextValid(place)) return {};
  return { trace_id: place.traceId, span_id: place.spanId };
}
