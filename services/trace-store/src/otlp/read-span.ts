import type { Log, Process, Reference, StoredSpan, Tag } from "../model/stored-span.ts";
import { canonicalTraceId } from "../model/trace-id.ts";
import { readAttributes } from "./attributes.ts";
import type { DecodedRequest } from "./encoding.ts";
import { arrayOf, recordOf, SpanRefused, textOf } from "./request-shape.ts";

const SPAN_KINDS: readonly (string | undefined)[] = [
  undefined,
  "internal",
  "server",
  "client",
  "producer",
  "consumer",
];
const STATUS_CODES: readonly (string | undefined)[] = [undefined, "OK", "ERROR"];

/** Later than this (the year 2255), microseconds no longer fit into a JavaScript number. */
const MAX_UNIX_MICROSECONDS = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * One OTLP span with what Jaeger makes of it: kind, status, scope and trace state become tags, the parent and links references, events
 * logs. A span that ends before it starts is kept with duration 0 and a warning.
 *
 * @throws SpanRefused for ids of a wrong length or all zeros, and for members of a wrong type
 */
export function readSpan(
  input: unknown,
  context: { scopeTags: readonly Tag[]; process: Process; ids: DecodedRequest["ids"] },
): StoredSpan {
  const { scopeTags, process, ids } = context;
  const span = recordOf(input, "a span");
  const traceID = readTraceId(span.traceId, ids);
  const spanID = readId(span.spanId, 8, ids);
  if (spanID === undefined) throw new SpanRefused("spanId is not 8 bytes, or all zeros");
  const startNs = readNanoseconds(span.startTimeUnixNano, "startTimeUnixNano");
  const endNs = readNanoseconds(span.endTimeUnixNano, "endTimeUnixNano");
  const endsFirst = endNs < startNs;
  return {
    traceID,
    spanID,
    operationName: textOf(span.name, "name"),
    references: readReferences(span, traceID, ids),
    startTime: Number(startNs / 1000n),
    duration: endsFirst ? 0 : Number((endNs - startNs) / 1000n),
    tags: [...scopeTags, ...readAttributes(span.attributes), ...derivedTags(span)],
    logs: arrayOf(span.events, "events").map(readLog),
    warnings: endsFirst ? ["the span ends before it starts; its duration is shown as 0"] : null,
    process,
  };
}

/** `otel.scope.name` and `otel.scope.version`. @throws SpanRefused */
export function readScopeTags(input: unknown): Tag[] {
  const scope = recordOf(input, "scope");
  return [
    ...textTag("otel.scope.name", textOf(scope.name, "scope.name")),
    ...textTag("otel.scope.version", textOf(scope.version, "scope.version")),
  ];
}

function derivedTags(span: Readonly<Record<string, unknown>>): Tag[] {
  const status = recordOf(span.status, "status");
  const statusCode = nameOf(STATUS_CODES, status.code);
  return [
    ...textTag("span.kind", nameOf(SPAN_KINDS, span.kind)),
    ...textTag("otel.status_code", statusCode),
    ...(statusCode === "ERROR" ? [{ key: "error", type: "bool", value: true } as const] : []),
    ...textTag("otel.status_description", textOf(status.message, "status.message")),
    ...textTag("w3c.tracestate", textOf(span.traceState, "traceState")),
  ];
}

function textTag(key: string, value: string): Tag[] {
  return value === "" ? [] : [{ key, type: "string", value }];
}

function nameOf(names: readonly (string | undefined)[], code: unknown): string {
  return (typeof code === "number" ? names[code] : undefined) ?? "";
}

function readLog(input: unknown): Log {
  const event = recordOf(input, "an event");
  const fields = readAttributes(event.attributes);
  const name = textOf(event.name, "an event's name");
  const named = name === "" || fields.some(({ key }) => key === "event");
  return {
    timestamp: Number(readNanoseconds(event.timeUnixNano, "timeUnixNano") / 1000n),
    fields: named ? fields : [{ key: "event", type: "string", value: name }, ...fields],
  };
}

function readReferences(
  span: Readonly<Record<string, unknown>>,
  traceID: string,
  ids: DecodedRequest["ids"],
): Reference[] {
  const parent = readId(span.parentSpanId, 8, ids, "optional");
  const references: Reference[] =
    parent === undefined ? [] : [{ refType: "CHILD_OF", traceID, spanID: parent }];
  for (const input of arrayOf(span.links, "links")) {
    const link = recordOf(input, "a link");
    const linked = { traceID: readTraceId(link.traceId, ids), spanID: readId(link.spanId, 8, ids) };
    if (linked.spanID === undefined) throw new SpanRefused("a link's spanId is not 8 bytes, or all zeros");
    if (linked.traceID === traceID && linked.spanID === parent) continue;
    const childOf = readAttributes(link.attributes).some(
      ({ key, value }) => key === "opentracing.ref_type" && value === "child_of",
    );
    references.push({
      refType: childOf ? "CHILD_OF" : "FOLLOWS_FROM",
      traceID: linked.traceID,
      spanID: linked.spanID,
    });
  }
  return references;
}

function readTraceId(value: unknown, ids: DecodedRequest["ids"]): string {
  const hex = readId(value, 16, ids);
  const id = hex === undefined ? undefined : canonicalTraceId(hex);
  if (id === undefined) throw new SpanRefused("traceId is not 16 bytes, or all zeros");
  return id;
}

/** Lower-case hex; undefined for all zeros and, where the id is optional, for none at all. */
function readId(
  value: unknown,
  bytes: 8 | 16,
  ids: DecodedRequest["ids"],
  presence: "required" | "optional" = "required",
): string | undefined {
  const text = textOf(value, "an id");
  if (text === "" && presence === "optional") return undefined;
  const hex = ids === "hex" ? text.toLowerCase() : Buffer.from(text, "base64").toString("hex");
  if (hex.length !== bytes * 2 || !/^[0-9a-f]+$/.test(hex)) {
    throw new SpanRefused(`an id is not ${bytes} bytes`);
  }
  return /^0+$/.test(hex) ? undefined : hex;
}

function readNanoseconds(value: unknown, what: string): bigint {
  if (value === undefined || value === null) return 0n;
  const text = typeof value === "number" ? String(value) : textOf(value, what);
  if (!/^\d{1,20}$/.test(text)) throw new SpanRefused(`${what} is not a time in nanoseconds`);
  const nanoseconds = BigInt(text);
  if (nanoseconds / 1000n > MAX_UNIX_MICROSECONDS) throw new SpanRefused(`${what} is out of range`);
  return nanoseconds;
}
