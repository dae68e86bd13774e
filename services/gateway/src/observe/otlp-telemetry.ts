import { SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from "@opentelemetry/sdk-trace";
import { localhostLookup } from "service-kit";
import { describeFailure } from "../proxy/describe-failure.ts";
import type { GatewaySpan, Telemetry } from "../telemetry.ts";

/** Spans that wait for the collector; further ones are dropped. With the limit below they are a few dozen MiB at the very worst. */
const MAX_WAITING_SPANS = 1024;
/** A caller chooses what is in its header fields, and a span holds on to them for as long as the collector is away. */
const MAX_ATTRIBUTE_CHARACTERS = 8192;
/** Small, because a batch is serialised in one go on the thread that answers requests. */
const MAX_BATCH_SPANS = 128;
const BATCH_DELAY_MS = 200;
const CLOSE_LIMIT_MS = 1000;

const SCOPE = { name: "agentgateway" };

/** OTLP's number for success in an export result; the enum is in a package we do not use otherwise. */
const SUCCESS = 0;

/**
 * Sends spans to a collector by OTLP/HTTP, as JSON, in batches, with OpenTelemetry's own exporter: it tries again for a while, and
 * reads `OTEL_EXPORTER_OTLP_HEADERS`, `_TIMEOUT`, `_COMPRESSION` and the certificate variables itself.
 *
 * A collector that is away, slow or broken costs no request anything: the queue is bounded, what does not fit is dropped and counted,
 * and the log gets one line when sending begins to fail and one when it works again.
 *
 * @param options.url of the collector's traces resource, path included
 * @param options.timeoutMs for one batch, all attempts together. Default the exporter's (10 000)
 */
export function createOtlpTelemetry(options: {
  url: string;
  serviceName: string;
  logger: { info(message: string): void; warn(fields: object, message: string): void };
  timeoutMs?: number;
}): Required<Telemetry> {
  const { url, logger } = options;
  const resource = defaultResource()
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes({ "service.name": options.serviceName }));
  const exporter = new OTLPTraceExporter({
    url,
    httpAgentOptions: { keepAlive: true, lookup: localhostLookup } as object,
    ...(options.timeoutMs !== undefined && { timeoutMillis: options.timeoutMs }),
  });

  let waiting = 0;
  let exported = 0;
  let dropped = 0;
  let droppedBeforeFailure: number | undefined;
  const onResult = (count: number, failure: unknown) => {
    waiting -= count;
    if (failure === undefined) {
      exported += count;
      if (droppedBeforeFailure === undefined) return;
      logger.info(`spans reach the collector again; ${dropped - droppedBeforeFailure} were dropped`);
      droppedBeforeFailure = undefined;
    } else {
      if (droppedBeforeFailure === undefined) {
        droppedBeforeFailure = dropped;
        logger.warn(
          { url, failure: failureText(failure) },
          "spans do not reach the collector and are dropped",
        );
      }
      dropped += count;
    }
  };
  const counting: SpanExporter = {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        onResult(spans.length, result.code === SUCCESS ? undefined : (result.error ?? "failed"));
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  };
  const processor = new BatchSpanProcessor({
    exporter: counting,
    maxQueueSize: MAX_WAITING_SPANS,
    maxExportBatchSize: MAX_BATCH_SPANS,
    scheduledDelayMillis: BATCH_DELAY_MS,
  });

  return {
    exportSpan(span) {
      // Counted here, so that the processor's own bound, which is as large, is never met: it does not tell what it drops.
      if (waiting >= MAX_WAITING_SPANS) {
        dropped++;
        return;
      }
      waiting++;
      processor.onEnd(readableSpan(span, resource));
    },
    counts: () => ({ exported, dropped }),
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_LIMIT_MS);
      });
      // A failed last batch is counted and logged above.
      await Promise.race([processor.shutdown().catch(() => {}), limit]);
      clearTimeout(timer);
    },
  };
}

/** Made by hand rather than through a tracer: the ids are given already, and this is a fraction of the cost. */
function readableSpan(span: GatewaySpan, resource: Resource): ReadableSpan {
  const { traceId, spanId, parentSpanId } = span;
  const context = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
  return {
    name: span.name,
    kind: SpanKind.SERVER,
    spanContext: () => context,
    ...(parentSpanId !== undefined && {
      parentSpanContext: { traceId, spanId: parentSpanId, traceFlags: TraceFlags.SAMPLED, isRemote: true },
    }),
    startTime: hrTime(span.startTimeMs),
    endTime: hrTime(span.endTimeMs),
    duration: hrTime(span.endTimeMs - span.startTimeMs),
    ended: true,
    // Agentgateway sets none, not even for 5xx.
    status: { code: SpanStatusCode.UNSET },
    attributes: attributes(span.attributes),
    links: [],
    events: [],
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** As Agentgateway types them: numbers stay numbers, everything else is text, maps and lists as JSON. */
function attributes(values: GatewaySpan["attributes"]): Record<string, string | number> {
  const typed: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === null) continue;
    if (typeof value === "number") {
      typed[name] = value;
      continue;
    }
    const text = typeof value === "string" ? value : JSON.stringify(value);
    typed[name] =
      text.length > MAX_ATTRIBUTE_CHARACTERS ? `${text.slice(0, MAX_ATTRIBUTE_CHARACTERS)}…` : text;
  }
  return typed;
}

function hrTime(milliseconds: number): [number, number] {
  const seconds = Math.floor(milliseconds / 1000);
  return [seconds, Math.floor((milliseconds - seconds * 1000) * 1e6)];
}

/** A status or an error's code; never the collector's own words. */
function failureText(failure: unknown): string {
  const { code } = failure as { code?: unknown };
  return typeof code === "number" ? `HTTP ${code}` : describeFailure(failure);
}
