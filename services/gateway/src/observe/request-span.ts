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
  const attributes: Record<string, unknown> = {};
  let givenName: string | undefined;
  const add = (name: string, value: unknown) => {
    if (tracing.removedFields.has(name)) return;
    if (name !== "span.name") attributes[name] = value;
    else if (typeof value === "string") givenName = value;
  };
  add("url.scheme", "http");
  add("network.protocol.version", head?.httpVersion);
  for (const [name, value] of builtInFields(record, endedAtMs)) add(name, value);
  for (const [name, value] of configuredFields(record, tracing.fields)) add(name, value);
  return {
    traceId: trace.traceId,
    spanId: trace.spanId,
    ...(trace.parentSpanId !== undefined && { parentSpanId: trace.parentSpanId }),
    name:
      givenName ?? (record.matchedPath === undefined ? "unknown" : `${head?.method} ${record.matchedPath}`),
    startTimeMs: record.startedAtMs,
    endTimeMs: endedAtMs,
    attributes,
  };
}
