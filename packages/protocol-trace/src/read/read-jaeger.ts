import {
  type Attributes,
  type AttributeValue,
  isRecord,
  type Members,
  type TraceEvent,
  type TraceSpan,
} from "./trace-span.ts";

/**
 * Takes apart what Jaeger's HTTP query API answers (`GET /api/traces/{id}`): the frame `{ data: [trace] }`, or a trace alone. Spans that
 * were delivered twice count once; what has not the shape of a span is left out, so that half a trace can be shown while it grows.
 *
 * Never throws for anything in the answer.
 *
 * @param answer parsed JSON, not trusted
 * @returns spans in the order they began
 */
export function readJaegerSpans(answer: unknown): TraceSpan[] {
  const spans = new Map<string, TraceSpan>();
  for (const trace of tracesOf(answer)) {
    const processes = record(trace.processes);
    for (const entry of list(trace.spans)) {
      const span = readSpan(record(entry), processes);
      if (span !== undefined) spans.set(`${span.traceId} ${span.spanId}`, span);
    }
  }
  return [...spans.values()].sort((one, other) => one.startMicros - other.startMicros);
}

function tracesOf(answer: unknown): Members[] {
  const frame = record(answer);
  return (Array.isArray(frame.data) ? frame.data : [answer]).map(record);
}

function readSpan(span: Members, processes: Members): TraceSpan | undefined {
  const { traceID, spanID, operationName, startTime, duration, processID } = span;
  if (typeof traceID !== "string" || typeof spanID !== "string") return undefined;
  const attributes = readTags(span.tags);
  const process = record(span.process ?? processes[text(processID, "")]);
  const parent = list(span.references)
    .map(record)
    .find(({ refType }) => refType === "CHILD_OF");
  const parentId = parent?.spanID ?? span.parentSpanID;
  return {
    traceId: traceID,
    spanId: spanID,
    ...(typeof parentId === "string" && parentId !== "" && { parentId }),
    name: text(operationName, ""),
    service: text(process.serviceName, "unknown"),
    kind: String(attributes["span.kind"] ?? ""),
    startMicros: numeric(startTime),
    durationMicros: numeric(duration),
    isError: attributes.error === true || attributes.error === "true",
    attributes,
    events: list(span.logs).map(record).map(readEvent),
  };
}

function readEvent(log: Members): TraceEvent {
  const attributes = readTags(log.fields);
  return {
    name: String(attributes.event ?? attributes.message ?? ""),
    timeMicros: numeric(log.timestamp),
    attributes,
  };
}

function readTags(tags: unknown): Attributes {
  const attributes: Record<string, AttributeValue> = Object.create(null);
  for (const { key, value } of list(tags).map(record)) {
    if (typeof key !== "string") continue;
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      attributes[key] = value;
    else if (value !== undefined && value !== null) attributes[key] = JSON.stringify(value);
  }
  return attributes;
}

function record(value: unknown): Members {
  return isRecord(value) ? value : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** An object is never converted: its `toString` may not be a function, and would throw. */
function text(value: unknown, fallback: string): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : fallback;
}

function numeric(value: unknown): number {
  const number = typeof value === "string" || typeof value === "number" ? Number(value) : 0;
  return Number.isFinite(number) ? number : 0;
}
