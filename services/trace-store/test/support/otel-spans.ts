/**
 * Spans made by the real OpenTelemetry SDK, sent by its exporter or serialised by its serialiser.
 */

import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";

/** Tracers of two services with one memory, so that both halves of a trace leave together. */
export function createTwoServices(names: { caller: string; called: string }) {
  const memory = new InMemorySpanExporter();
  const tracerOf = (service: string) =>
    new TracerProvider({
      resource: resourceFromAttributes({ "service.name": service, "deployment.environment.name": "test" }),
      spanProcessors: [new SimpleSpanProcessor({ exporter: memory })],
    }).getTracer("contract", "1.2.3");
  return { caller: tracerOf(names.caller), called: tracerOf(names.called), memory };
}

/**
 * One trace: `GET /orders` calls `list orders`, which fails. Starts at `startMs`, takes 250 ms.
 */
export function makeTrace(names: { caller: string; called: string }, startMs: number) {
  const { caller, called, memory } = createTwoServices(names);
  const within = (context: Context, span: Parameters<typeof trace.setSpan>[1]) =>
    trace.setSpan(context, span);
  const root = caller.startSpan(
    "GET /orders",
    {
      kind: SpanKind.CLIENT,
      startTime: startMs,
      attributes: {
        "http.request.method": "GET",
        "http.response.status_code": 502,
        "demo.share": 0.25,
        "demo.cached": false,
        "demo.list": ["a", "b"],
      },
    },
    ROOT_CONTEXT,
  );
  const child = called.startSpan(
    "list orders",
    {
      kind: SpanKind.SERVER,
      startTime: startMs + 50,
      links: [{ context: { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 } }],
    },
    within(ROOT_CONTEXT, root),
  );
  child.addEvent("challenge.sent", { "demo.scheme": "jwt" }, startMs + 60);
  child.setStatus({ code: SpanStatusCode.ERROR, message: "no orders <today>" });
  child.end(startMs + 150);
  root.end(startMs + 250);
  const spans = memory.getFinishedSpans() as ReadableSpan[];
  return {
    traceID: root.spanContext().traceId,
    rootID: root.spanContext().spanId,
    childID: child.spanContext().spanId,
    spans,
  };
}

/** Sends spans by OTLP/HTTP in JSON, as a Node service of ours does. */
export async function sendByExporter(otlpUrl: string, spans: ReadableSpan[]): Promise<void> {
  const exporter = new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces` });
  const result = await new Promise<{ code: number; error?: Error }>((resolve) =>
    exporter.export(spans, resolve),
  );
  await exporter.shutdown();
  if (result.code !== 0) throw result.error ?? new Error("not exported");
}

/** An ExportTraceServiceRequest in protobuf by OpenTelemetry's own serialiser. */
export function toProtobuf(spans: ReadableSpan[]): Uint8Array {
  return ProtobufTraceSerializer.serializeRequest(spans)!;
}
