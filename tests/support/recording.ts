import { ATTRIBUTE, EVENT } from "aauth-explain/trace-names";
import type { Recording } from "../../ui/src/features/compare/recording.ts";

interface Tag {
  readonly key: string;
  readonly value: unknown;
}

interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly spanID: string }[];
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly Tag[];
  readonly logs: readonly { readonly timestamp: number; readonly fields: readonly Tag[] }[];
  readonly processID: string;
}

/** A trace as Jaeger's query API gives it. */
export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

/** Attributes of a verifier's span that the sender's span has as well. */
const REPEATED: ReadonlySet<string> = new Set([
  ATTRIBUTE.requestHeaders,
  ATTRIBUTE.requestBody,
  ATTRIBUTE.responseHeaders,
  ATTRIBUTE.responseBody,
  ATTRIBUTE.publishedScheme,
  ATTRIBUTE.publishedVerified,
  ATTRIBUTE.publishedResult,
]);
const READ: ReadonlySet<string> = new Set(["span.kind", "error", ...Object.values(ATTRIBUTE)]);
const EVENTS: ReadonlySet<unknown> = new Set(Object.values(EVENT));
/** Characters of a body: what tells the messages of the protocol apart is in front. */
const BODY_CHARACTERS = 700;

/** A trace as the page that compares runs keeps it: only what messages are read from. */
export function recordingOf({ spans, processes }: JaegerTrace): Recording {
  const places = new Map<string, number>();
  const place = (text: string): number => {
    const known = places.get(text) ?? places.size;
    places.set(text, known);
    return known;
  };
  const coded = (tags: readonly Tag[]) =>
    tags.map(
      ({ key, value }) =>
        [
          place(key),
          typeof value === "string" ? place(value) : ([value as number | boolean] as const),
        ] as const,
    );
  const first = Math.min(...spans.map(({ startTime }) => startTime));
  const rows = spans
    .toSorted((one, other) => one.startTime - other.startTime)
    .map((span) => {
      const { spanID, operationName, references, startTime, duration, tags, logs, processID } = span;
      const isVerifier = tags.some(({ key }) => key === ATTRIBUTE.verdict);
      const parent = references.find(({ refType }) => refType === "CHILD_OF")?.spanID ?? "";
      const shown = tags.filter(({ key }) => READ.has(key) && !(isVerifier && REPEATED.has(key)));
      // A verifier's events say what its attributes say.
      const events = (isVerifier ? [] : logs).filter(({ fields }) =>
        fields.some(({ key, value }) => key === "event" && EVENTS.has(value)),
      );
      return [
        place(spanID),
        place(parent),
        place(operationName),
        place(processes[processID]!.serviceName),
        startTime - first,
        duration,
        coded(shown.map(short)),
        events.map(({ timestamp, fields }) => [timestamp - startTime, coded(fields.map(short))]),
      ] as unknown as Recording["spans"][number];
    });
  return { strings: [...places.keys()], spans: rows };
}

/** A line each, so that a new recording can be read as a change. */
export function recordingJson({ strings, spans }: Recording): string {
  const list = (values: readonly unknown[]) =>
    values.map((value) => `    ${JSON.stringify(value)}`).join(",\n");
  return `{\n  "strings": [\n${list(strings)}\n  ],\n  "spans": [\n${list(spans)}\n  ]\n}\n`;
}

function short({ key, value }: Tag): Tag {
  const isBody = key === ATTRIBUTE.requestBody || key === ATTRIBUTE.responseBody;
  if (!isBody || typeof value !== "string" || value.length <= BODY_CHARACTERS) return { key, value };
  return { key, value: `${value.slice(0, BODY_CHARACTERS)}…` };
}
