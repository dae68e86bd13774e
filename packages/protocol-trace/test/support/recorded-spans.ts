import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";

/** OpenTelemetry's SDK for one test: keeps finished spans in memory. */
export interface RecordedSpans {
  finished(): ReadableSpan[];
  /** Runs work inside a span and returns that span when both have ended. */
  within(work: () => Promise<unknown>): Promise<ReadableSpan>;
  stop(): void;
}

export function recordSpans(options: { sampled?: boolean } = {}): RecordedSpans {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
    ...(options.sampled === false && { sampler: new AlwaysOffSampler() }),
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return {
    finished: () => exporter.getFinishedSpans(),
    async within(work) {
      await provider.getTracer("test").startActiveSpan("around", async (span) => {
        await work();
        span.end();
      });
      return exporter.getFinishedSpans().findLast(({ name }) => name === "around")!;
    },
    stop() {
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
}
