import { visibleText } from "../visible-text.ts";
import { ATTRIBUTE } from "./attribute-names.ts";
import {
  type Attributes,
  type AttributeValue,
  isRecord,
  type Members,
  type TraceEvent,
  type TraceSpan,
} from "./trace-span.ts";

/** OpenTelemetry's resource attribute that distinguishes replicas. */
const INSTANCE = "service.instance.id";

/**
 * Parses the answer of Jaeger's HTTP query API (`GET /api/traces/{id}`): the envelope
 * `{ data: [trace] }`, a single trace, or a single span. Duplicate spans count once, and anything
 * without the shape of a span is omitted, so that a partial trace can be shown while it grows.
 *
 * Never throws for anything in the answer.
 *
 * @param answer untrusted parsed JSON
 * @returns spans in the order they began
 */
export function readJaegerSpans(answer: unknown): TraceSpan[] {
  const { data } = record(answer);
  const spans = (Array.isArray(data) ? data : [answer]).map(record).flatMap((trace) => {
    const processes = record(trace.processes);
    const own = typeof trace.spanID === "string" ? [trace] : records(trace.spans);
    return own.flatMap((span) => readSpan(span, processes) ?? []);
  });
  const byId = new Map(spans.map((span) => [`${span.traceId} ${span.spanId}`, span]));
  return [...byId.values()].sort((one, other) => one.startMicros - other.startMicros);
}

function readSpan(span: Members, processes: Members): TraceSpan | undefined {
  const { traceID, spanID, operationName, startTime, duration, processID } = span;
  if (typeof traceID !== "string" || typeof spanID !== "string") return undefined;
  const attributes = readTags(span.tags);
  const process = record(processes[text(processID) ?? ""]);
  const instance = text(readTags(process.tags)[INSTANCE]);
  const parent = records(span.references).find(({ refType }) => refType === "CHILD_OF");
  return {
    traceId: traceID,
    spanId: spanID,
    parentId: text(parent?.spanID),
    // Chosen by any sender of spans, and shown in titles and headings.
    name: visibleText(text(operationName) ?? ""),
    service: visibleText(text(attributes[ATTRIBUTE.party]) ?? text(process.serviceName) ?? "unknown"),
    instance: instance && visibleText(instance),
    kind: String(attributes["span.kind"] ?? ""),
    startMicros: numeric(startTime),
    durationMicros: numeric(duration),
    isError: attributes.error === true || attributes.error === "true",
    attributes,
    events: records(span.logs).map(readEvent),
  };
}

function readEvent({ fields, timestamp }: Members): TraceEvent {
  const attributes = readTags(fields);
  return { name: String(attributes.event ?? ""), timeMicros: numeric(timestamp), attributes };
}

function readTags(tags: unknown): Attributes {
  const attributes: Record<string, AttributeValue> = Object.create(null);
  for (const { key, value } of records(tags)) {
    if (typeof key !== "string" || value === undefined) continue;
    attributes[key] = typeof value === "object" ? JSON.stringify(value) : (value as AttributeValue);
  }
  return attributes;
}

function record(value: unknown): Members {
  return isRecord(value) ? value : {};
}

function records(value: unknown): Members[] {
  return Array.isArray(value) ? value.map(record) : [];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numeric(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
