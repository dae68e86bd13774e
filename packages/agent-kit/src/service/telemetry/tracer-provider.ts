/**
 * OpenTelemetry's SDK, loaded only where spans are made: it costs a start some time and memory.
 *
 * @module
 */

import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { SamplerName } from "./sampler-names.ts";

/** No text on a span is longer; what is written by hand is bounded below that already. */
const MAX_ATTRIBUTE_CHARACTERS = 8192;
const MAX_ATTRIBUTES = 64;
const MAX_EVENTS = 32;

/** The tracers of one service. */
export function createTracerProvider(options: {
  readonly serviceName: string;
  readonly sampler: Sampler;
  readonly processors: SpanProcessor[];
}): TracerProvider {
  const resource = defaultResource()
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(resourceFromAttributes({ "service.name": options.serviceName }));
  return new TracerProvider({
    resource,
    sampler: options.sampler,
    spanProcessors: options.processors,
    spanLimits: {
      attributeValueLengthLimit: MAX_ATTRIBUTE_CHARACTERS,
      attributeCountLimit: MAX_ATTRIBUTES,
      eventCountLimit: MAX_EVENTS,
    },
  });
}

/** The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` ask for. */
export function samplerFor(name: SamplerName, ratio: number): Sampler {
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
