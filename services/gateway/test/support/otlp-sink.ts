import type { ServerResponse } from "node:http";
import { startFakeServer } from "./fake-agent.ts";

export interface ReceivedSpan {
  readonly path: string;
  readonly contentType: string | undefined;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status?: { readonly code?: number };
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface OtlpSink {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  /** Batches that came, answered or not. */
  batches(): number;
  /** How the next batches are answered. Default 200 with an empty object. */
  answer: (response: ServerResponse) => void;
  close(): Promise<void>;
}

type KeyValue = {
  key: string;
  value: { stringValue?: string; intValue?: number | string; boolValue?: boolean };
};

/** A trace collector on a free loopback port that reads OTLP/HTTP JSON. Only batches that were accepted are in `spans`. */
export async function startOtlpSink(): Promise<OtlpSink> {
  const spans: ReceivedSpan[] = [];
  const server = await startFakeServer((request, response) => {
    sink.answer(response);
    if (response.statusCode === 200 && response.writableEnded) spans.push(...read(request));
  });
  const sink: OtlpSink = {
    url: `http://${server.address}`,
    spans,
    batches: () => server.seen.length,
    answer: (response) =>
      void response.writeHead(200, { "content-type": "application/json" }).end('{"partialSuccess":{}}'),
    close: server.close,
  };
  return sink;
}

function read(request: {
  url: string;
  body: string;
  headers: Record<string, string | string[] | undefined>;
}) {
  const batch = JSON.parse(request.body) as {
    resourceSpans: {
      resource: { attributes: KeyValue[] };
      scopeSpans: {
        scope: { name: string };
        spans: {
          traceId: string;
          spanId: string;
          parentSpanId?: string;
          name: string;
          kind: number;
          status?: { code?: number };
          startTimeUnixNano: string;
          endTimeUnixNano: string;
          attributes: KeyValue[];
        }[];
      }[];
    }[];
  };
  return batch.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map(({ startTimeUnixNano, endTimeUnixNano, attributes, ...span }) => ({
        ...span,
        path: request.url,
        contentType: request.headers["content-type"] as string | undefined,
        resource: valuesOf(resource.attributes),
        scope: scope.name,
        startMs: Number(startTimeUnixNano) / 1e6,
        endMs: Number(endTimeUnixNano) / 1e6,
        attributes: valuesOf(attributes),
      })),
    ),
  );
}

function valuesOf(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
