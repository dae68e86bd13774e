import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from "@opentelemetry/sdk-trace";
import { localhostLookup } from "../http/localhost-lookup.ts";

/** Maximum spans that wait for the collector; others are dropped. */
const MAX_WAITING_SPANS = 1024;
/** Small, because a batch is serialized at once on the thread that serves requests. */
const MAX_BATCH_SPANS = 128;
const BATCH_DELAY_MS = 200;

/** Success code of an export result; the enum is in a package that is not used otherwise. */
const SUCCESS = 0;

/** Options of {@link createSpanProcessor}. */
export interface SpanProcessorOptions {
  /** The collector's traces resource, path included. */
  readonly url: string;
  readonly logger: { info(message: string): void; warn(fields: object, message: string): void };
}

/**
 * Sends spans to a collector by OTLP/HTTP, as JSON, in batches, with OpenTelemetry's own processor
 * and exporter: it retries, and reads `OTEL_EXPORTER_OTLP_HEADERS`, `_TIMEOUT`, `_COMPRESSION` and
 * the certificate variables itself.
 *
 * An unavailable or slow collector does not affect requests: the queue is limited to 1024 spans,
 * others are dropped, and the log gets one line when export begins to fail and one when it
 * recovers.
 */
export function createSpanProcessor({ url, logger }: SpanProcessorOptions): SpanProcessor {
  const exporter = new OTLPTraceExporter({
    url,
    httpAgentOptions: { keepAlive: true, lookup: localhostLookup } as object,
  });
  let isFailing = false;
  const logging: SpanExporter = {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const failed = result.code !== SUCCESS;
        if (failed && !isFailing) {
          const fields = { url, failure: failureText(result.error ?? {}) };
          logger.warn(fields, "spans do not reach the collector and are dropped");
        }
        if (isFailing && !failed) logger.info("spans reach the collector again");
        isFailing = failed;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  };
  return new BatchSpanProcessor({
    exporter: logging,
    maxQueueSize: MAX_WAITING_SPANS,
    maxExportBatchSize: MAX_BATCH_SPANS,
    scheduledDelayMillis: BATCH_DELAY_MS,
  });
}

/** A status or an error code, never the collector's own text. */
function failureText(failure: unknown): string {
  const { code, cause, errors } = failure as { code?: unknown; cause?: unknown; errors?: unknown[] };
  if (typeof code === "number") return `HTTP ${code}`;
  if (typeof code === "string") return code;
  if (errors?.[0] !== undefined) return failureText(errors[0]);
  return cause === undefined || cause === null ? "failed" : failureText(cause);
}
