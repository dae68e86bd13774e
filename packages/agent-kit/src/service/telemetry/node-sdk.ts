import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { envDetector } from "@opentelemetry/resources";
import { NodeSDK } from "@opentelemetry/sdk-node";
import type { SpanProcessorOptions } from "./span-processor.ts";
import type { TelemetryConfig } from "./telemetry-settings.ts";
import { traceOptions } from "./trace-options.ts";

/**
 * Creates OpenTelemetry's SDK for a process with one service, for traces only: without automatic
 * instrumentation, and without the metrics and logs that `NodeSDK` sends by default.
 */
export function createNodeSdk(
  config: TelemetryConfig,
  options: Pick<SpanProcessorOptions, "logger">,
): NodeSDK {
  return new NodeSDK({
    ...traceOptions(config, options),
    serviceName: config.tracesServiceName,
    // The process detector would add user, path and arguments to every trace.
    resourceDetectors: [envDetector],
    // The default would also propagate an untrusted caller's `baggage`.
    textMapPropagator: new W3CTraceContextPropagator(),
    metricReaders: [],
    logRecordProcessors: [],
  });
}
