import { isSpanContextValid, trace } from "@opentelemetry/api";

/** Trace fields of a log line, by OpenTelemetry's names for logs; none outside a trace. */
export function traceFields(): { trace_id?: string; span_id?: string } {
  const place = trace.getActiveSpan()?.spanContext();
  if (place === undefined || !isSpanContextValid(place)) return {};
  return { trace_id: place.traceId, span_id: place.spanId };
}
