import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { envDetector } from "@opentelemetry/resources";
import { NodeSDK } from "@opentelemetry/sdk-node";
import type { SpanProcessorOptions } from "./span-processor.ts";
import type { TelemetryConfig } from "./telemetry-settings.ts";
import { traceOptions } from "./trace-options.ts";

/**
 * OpenTelemetry's SDK for a process with one service: traces alone, without automatic instrumentation, metrics and logs, which
 * `NodeSDK` would send by default.
 */
export function createNodeSdk(
  config: TelemetryConfig,
  options: Pick<SpanProcessorOptions, "logger">,
): NodeSDK {
  return new NodeSDK({
    ...traceOptions(config, options),
    serviceName: config.tracesServiceName,
    // The process's own detector writes user, path and arguments into every trace.
    resourceDetectors: [envDetector],
    // The default passes an untrusted caller's `baggage` on, too.
    textMapPropagator: new W3CTraceContextPropagator(),
    metricReaders: [],
    logRecordProcessors: [],
  });
}
