import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from "@opentelemetry/sdk-trace";
import { localhostLookup } from "../http/localhost-lookup.ts";
import type { SpanCounts } from "./span-counts.ts";

/** Spans that wait for the collector; further ones are dropped. */
const MAX_WAITING_SPANS = 1024;
/** Small, because a batch is serialised in one go on the thread that answers requests. */
const MAX_BATCH_SPANS = 128;
const BATCH_DELAY_MS = 200;
const CLOSE_LIMIT_MS = 1000;

/** OTLP's number for success in an export result; the enum is in a package we do not use otherwise. */
const SUCCESS = 0;

/** Spans on their way to a collector. */
export interface SpanQueue {
  /** Takes a finished span. Never throws, never waits. */
  add(span: ReadableSpan): void;
  counts(): SpanCounts;
  /** Sends what is left, within a second. */
  close(): Promise<void>;
}

/** Options of {@link createSpanQueue}. */
export interface SpanQueueOptions {
  /** The collector's traces resource, path included. */
  readonly url: string;
  readonly logger: { info(message: string): void; warn(fields: object, message: string): void };
  /** For one batch, all attempts together. Default the exporter's, 10,000. */
  readonly timeoutMs?: number;
}

/**
 * Sends spans to a collector by OTLP/HTTP, as JSON, in batches, with OpenTelemetry's own exporter: it tries again for a while, and
 * reads `OTEL_EXPORTER_OTLP_HEADERS`, `_TIMEOUT`, `_COMPRESSION` and the certificate variables itself.
 *
 * A collector that is away, slow or broken costs no request anything: the queue is bounded (1024), what does not fit is dropped and
 * counted, and the log gets one line when sending begins to fail and one when it works again.
 */
export function createSpanQueue(options: SpanQueueOptions): SpanQueue {
  const { url, logger } = options;
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
    add(span) {
      // Counted here, so that the processor's own bound, which is as large, is never met: it does not tell what it drops.
      if (waiting >= MAX_WAITING_SPANS) {
        dropped++;
        return;
      }
      waiting++;
      processor.onEnd(span);
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

/** A status or an error's code; never the collector's own words. */
function failureText(failure: unknown): string {
  const { code, cause, errors } = failure as { code?: unknown; cause?: unknown; errors?: unknown[] };
  if (typeof code === "number") return `HTTP ${code}`;
  if (typeof code === "string") return code;
  if (errors?.[0] !== undefined) return failureText(errors[0]);
  return cause === undefined || cause === null ? "failed" : failureText(cause);
}
