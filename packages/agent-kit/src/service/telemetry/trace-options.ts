/**
 * The parts of OpenTelemetry's SDK that every service uses. Loaded only if spans are created,
 * because they cost start-up time and memory.
 *
 * @module
 */

import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  NoopSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  type TracerProviderOptions,
} from "@opentelemetry/sdk-trace";
import type { SamplerName } from "./sampler-names.ts";
import { createSpanProcessor, type SpanProcessorOptions } from "./span-processor.ts";
import type { TelemetryConfig } from "./telemetry-settings.ts";

/** Maximum length of strings on a span. Our own attributes are shorter. */
const MAX_ATTRIBUTE_CHARACTERS = 8192;
const MAX_ATTRIBUTES = 64;
const MAX_EVENTS = 32;

/** Sampler, limits and destination of a service's settings. */
export function traceOptions(config: TelemetryConfig, { logger }: Pick<SpanProcessorOptions, "logger">) {
  const url = config.tracesUrl ?? `${config.tracesEndpoint}/v1/traces`;
  return {
    sampler: samplerFor(config.tracesSampler, config.tracesSamplerArg),
    // NodeSDK creates no spans without a processor.
    spanProcessors: [
      config.tracesExporter === "none" ? new NoopSpanProcessor() : createSpanProcessor({ url, logger }),
    ],
    spanLimits: {
      attributeValueLengthLimit: MAX_ATTRIBUTE_CHARACTERS,
      attributeCountLimit: MAX_ATTRIBUTES,
      eventCountLimit: MAX_EVENTS,
    },
  } satisfies TracerProviderOptions;
}

function samplerFor(name: SamplerName, ratio: number): Sampler {
  switch (name) {
    case "always_on":
      return new AlwaysOnSampler();
    case "always_off":
      return new AlwaysOffSampler();
    case "traceidratio":
      return new TraceIdRatioBasedSampler(ratio);
    case "parentbased_always_on":
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case "parentbased_always_off":
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case "parentbased_traceidratio":
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) });
  }
}
