import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly events: readonly { readonly name: string }[];
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

/** A collector on a free loopback port. It stores accepted requests; `answer` may be changed. */
export interface Collector {
  readonly url: string;
  readonly spans: CollectedSpan[];
  /** `service.name` of each span. */
  readonly services: string[];
  /** Names of the attributes of each request's services. */
  readonly resources: Set<string>[];
  /** Path of each request. */
  readonly paths: string[];
  answer: (response: ServerResponse) => void;
  close(): Promise<void>;
}

export async function startCollector(): Promise<Collector> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    collector.paths.push(request.url!);
    collector.answer(response);
    if (response.statusCode !== 200 || !response.writableEnded) return;
    const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString());
    for (const { resource, scopeSpans } of resourceSpans) {
      collector.resources.push(new Set(resource.attributes.map(({ key }: { key: string }) => key)));
      const name = resource.attributes.find(({ key }: { key: string }) => key === "service.name");
      for (const { spans } of scopeSpans) {
        collector.spans.push(...spans);
        collector.services.push(...spans.map(() => name.value.stringValue));
      }
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const collector: Collector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: [],
    services: [],
    resources: [],
    paths: [],
    answer: (response) =>
      void response.writeHead(200, { "content-type": "application/json" }).end('{"partialSuccess":{}}'),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return collector;
}

/** A collected span's attributes as one object. */
export function attributesOf(span: CollectedSpan): Record<string, unknown> {
  return Object.fromEntries(span.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
