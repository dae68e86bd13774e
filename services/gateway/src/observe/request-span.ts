import type { TracingConfiguration } from "../configuration/configuration.ts";
import type { GatewaySpan } from "../telemetry.ts";
import { builtInFields, configuredFields } from "./record-fields.ts";
import type { RequestRecord } from "./request-record.ts";

/** The SERVER span of a finished request, or undefined when it is not to be exported. */
export function requestSpan(
  tracing: TracingConfiguration | undefined,
  record: RequestRecord,
  endedAtMs: number,
): GatewaySpan | undefined {
  const { trace, head } = record;
  if (tracing === undefined || trace === undefined || !trace.exported) return undefined;
  const attributes: Record<string, unknown> = {
    "url.scheme": "http",
    "network.protocol.version": head?.httpVersion,
    ...Object.fromEntries(builtInFields(record, endedAtMs)),
    ...Object.fromEntries(configuredFields(record, tracing.fields)),
  };
  for (const name of tracing.removedFields) delete attributes[name];
  const { "span.name": given, ...rest } = attributes;
  const name = typeof given === "string" ? given : undefined;
  return {
    traceId: trace.traceId,
    spanId: trace.spanId,
    ...(trace.parentSpanId !== undefined && { parentSpanId: trace.parentSpanId }),
    name: name ?? (record.matchedPath === undefined ? "unknown" : `${head?.method} ${record.matchedPath}`),
    startTimeMs: record.startedAtMs,
    endTimeMs: endedAtMs,
    attributes: rest,
  };
}
