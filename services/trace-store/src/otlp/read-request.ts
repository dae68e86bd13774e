import type { Process, Reference, StoredSpan, Tag } from "../store/stored-span.ts";
import { tagsOf } from "./attributes.ts";
import { integerOf, listOf, malformed, membersOf, textOf } from "./members.ts";
import { OtlpError } from "./otlp-error.ts";

/** Above the default of OpenTelemetry's collector, 8192. */
const MAX_SPANS = 10_000;

/** Beyond this time (the year 2255), microseconds exceed the precision of a JavaScript number. */
const MAX_UNIX_NANOSECONDS = BigInt(Number.MAX_SAFE_INTEGER) * 1000n;

const SPAN_KINDS = ["", "internal", "server", "client", "producer", "consumer"];
const STATUS_CODES = ["", "OK", "ERROR"];

/**
 * Reads the spans of an export request and converts them as Jaeger does: kind, status, scope and
 * trace state to tags, parent and links to references, events to logs.
 *
 * @param body untrusted, in the shape of OTLP/JSON
 * @throws OtlpError invalid_request, which names the malformed member; body_too_large for more than
 * 10,000 spans
 */
export function readRequest(body: unknown): StoredSpan[] {
  if (body === null) throw malformed("the body", "an object");
  let count = 0;
  return listOf(membersOf(body, "the body").resourceSpans, "resourceSpans").flatMap((entry) => {
    const { resource, scopeSpans } = membersOf(entry, "an entry of resourceSpans");
    const process = processOf(membersOf(resource, "resource").attributes);
    return listOf(scopeSpans, "scopeSpans").flatMap((inner) => {
      const { scope, spans } = membersOf(inner, "an entry of scopeSpans");
      const scopeTags = scopeTagsOf(scope);
      const list = listOf(spans, "spans");
      count += list.length;
      if (count > MAX_SPANS)
        throw new OtlpError("body_too_large", `the request has more than ${MAX_SPANS} spans`);
      return list.map((span) => storedSpan(span, scopeTags, process));
    });
  });
}

/** Uses Jaeger's names for a resource without a name, so that its spans can be found. */
function processOf(attributes: unknown): Process {
  const tags = tagsOf(attributes);
  const name = tags.find(({ key }) => key === "service.name");
  return {
    serviceName: name === undefined ? "missing-service-name" : String(name.value) || "empty-service-name",
    tags: tags.filter(({ key }) => key !== "service.name"),
  };
}

function scopeTagsOf(input: unknown): Tag[] {
  const scope = membersOf(input, "scope");
  return [
    ...textTag("otel.scope.name", textOf(scope.name, "scope.name")),
    ...textTag("otel.scope.version", textOf(scope.version, "scope.version")),
  ];
}

function storedSpan(input: unknown, scopeTags: readonly Tag[], process: Process): StoredSpan {
  const span = membersOf(input, "a span");
  const traceID = idOf(span.traceId, 16, "traceId");
  const start = timeOf(span.startTimeUnixNano, "startTimeUnixNano");
  const end = timeOf(span.endTimeUnixNano, "endTimeUnixNano");
  const endsFirst = end < start;
  const status = membersOf(span.status, "status");
  const statusCode = STATUS_CODES[Number(status.code)] ?? "";
  return {
    traceID,
    spanID: idOf(span.spanId, 8, "spanId"),
    operationName: textOf(span.name, "name"),
    references: [...parentOf(traceID, span.parentSpanId), ...linksOf(span.links)],
    startTime: Number(start / 1000n),
    duration: endsFirst ? 0 : Number((end - start) / 1000n),
    tags: [
      ...scopeTags,
      ...tagsOf(span.attributes),
      ...textTag("span.kind", SPAN_KINDS[Number(span.kind)] ?? ""),
      ...textTag("otel.status_code", statusCode),
      ...(statusCode === "ERROR" ? [{ key: "error", type: "bool", value: true } as const] : []),
      ...textTag("otel.status_description", textOf(status.message, "status.message")),
      ...textTag("w3c.tracestate", textOf(span.traceState, "traceState")),
    ],
    logs: listOf(span.events, "events").map((entry) => {
      const { timeUnixNano, name, attributes } = membersOf(entry, "an event");
      return {
        timestamp: Number(timeOf(timeUnixNano, "timeUnixNano") / 1000n),
        fields: [...textTag("event", textOf(name, "an event's name")), ...tagsOf(attributes)],
      };
    }),
    warnings: endsFirst ? ["the span ends before it starts; its duration is shown as 0"] : null,
    process,
  };
}

/** No reference for a root, for which some SDKs write zeros. */
function parentOf(traceID: string, parentSpanId: unknown): Reference[] {
  if (/^0*$/.test(textOf(parentSpanId, "parentSpanId"))) return [];
  return [{ refType: "CHILD_OF", traceID, spanID: idOf(parentSpanId, 8, "parentSpanId") }];
}

function linksOf(links: unknown): Reference[] {
  return listOf(links, "links").map((entry) => {
    const { traceId, spanId } = membersOf(entry, "a link");
    return {
      refType: "FOLLOWS_FROM",
      traceID: idOf(traceId, 16, "a link's traceId"),
      spanID: idOf(spanId, 8, "a link's spanId"),
    };
  });
}

function textTag(key: string, value: string): Tag[] {
  return value === "" ? [] : [{ key, type: "string", value }];
}

/** Reads an id as lower-case hex. */
function idOf(value: unknown, bytes: 8 | 16, what: string): string {
  const id = textOf(value, what).toLowerCase();
  if (id.length !== bytes * 2 || !/^[0-9a-f]+$/.test(id) || /^0+$/.test(id))
    throw malformed(what, `an id of ${bytes} bytes`);
  return id;
}

function timeOf(value: unknown, what: string): bigint {
  const nanoseconds = integerOf(value, what);
  if (nanoseconds < 0n || nanoseconds > MAX_UNIX_NANOSECONDS) throw malformed(what, "a time in nanoseconds");
  return nanoseconds;
}
