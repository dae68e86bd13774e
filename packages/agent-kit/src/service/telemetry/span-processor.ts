import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from "@opentelemetry/sdk-trace";
import { localhostLookup } from "../http/localhost-lookup.ts";

/** Spans that wait for the collector; further ones are dropped. */
const MAX_WAITING_SPANS = 1024;
/** Small, because a batch is serialised in one go on the thread that answers requests. */
const MAX_BATCH_SPANS = 128;
const BATCH_DELAY_MS = 200;

/**
 * OTLP's number for success in an export result; the enum is in a package we do not use otherwise.
 */
const SUCCESS = 0;

/** Options of {@link createSpanProcessor}. */
export interface SpanProcessorOptions {
  /** The collector's traces resource, path included. */
  readonly url: string;
  readonly logger: { info(message: string): void; warn(fields: object, message: string): void };
}

/**
 * Sends spans to a collector by OTLP/HTTP, as JSON, in batches, with OpenTelemetry's own processor
 * and exporter: it tries again for a while, and reads `OTEL_EXPORTER_OTLP_HEADERS`, `_TIMEOUT`,
 * `_COMPRESSION` and the certificate variables itself.
 *
 * A collector that is away, slow or broken costs no request anything: the queue is bounded (1024),
 * what does not fit is dropped, and the log gets one line when sending begins to fail and one when
 * it works again.
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

/** A status or an error's code; never the collector's own words. */
function failureText(failure: unknown): string {
  const { code, cause, errors } = failure as { code?: unknown; cause?: unknown; errors?: unknown[] };
  if (typeof code === "number") return `HTTP ${code}`;
  if (typeof code === "string") return code;
  if (errors?.[0] !== undefined) return failureText(errors[0]);
  return cause === undefined || cause === null ? "failed" : failureText(cause);
}
