import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import type { SpanProcessorOptions } from "./span-processor.ts";
import type { TelemetryConfig } from "./telemetry-settings.ts";
import { traceOptions } from "./trace-options.ts";

/** The tracers of one service among several in a process. */
export function createTracerProvider(
  config: TelemetryConfig,
  options: Pick<SpanProcessorOptions, "logger">,
): TracerProvider {
  const resource = defaultResource()
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes({ "service.name": config.tracesServiceName }));
  return new TracerProvider({ ...traceOptions(config, options), resource });
}
