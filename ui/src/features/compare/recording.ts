/**
 * A recorded run: its spans, with strings deduplicated. Written by
 * tests/docs/walkthrough-recorded-runs.test.ts.
 */
export interface Recording {
  readonly strings: readonly string[];
  readonly spans: readonly RecordedSpan[];
}

/** A string as its index in `strings`, or a literal number or boolean. */
type Value = number | readonly [number | boolean];
type Values = readonly (readonly [name: number, value: Value])[];

/** Times are in microseconds: a span's since the first span, an event's since its span. */
type RecordedSpan = readonly [
  id: number,
  parent: number,
  name: number,
  service: number,
  start: number,
  took: number,
  tags: Values,
  events: readonly (readonly [at: number, fields: Values])[],
];

const TRACE_ID = "recorded";

/** Converts the recording to a trace store's response, for `readProtocolRun`. */
export function traceOf({ strings, spans }: Recording): unknown {
  const value = (coded: Value) => (typeof coded === "number" ? strings[coded] : coded[0]);
  const fields = (values: Values) =>
    values.map(([name, coded]) => ({ key: strings[name], value: value(coded) }));
  return {
    data: [
      {
        traceID: TRACE_ID,
        spans: spans.map(([id, parent, name, service, start, took, tags, events]) => ({
          traceID: TRACE_ID,
          spanID: strings[id],
          references: [{ refType: "CHILD_OF", spanID: strings[parent] }],
          operationName: strings[name],
          processID: strings[service],
          startTime: start,
          duration: took,
          tags: fields(tags),
          logs: events.map(([at, logged]) => ({ timestamp: start + at, fields: fields(logged) })),
        })),
        processes: Object.fromEntries(strings.map((name) => [name, { serviceName: name }])),
      },
    ],
  };
}
