/**
 * Values of `OTEL_TRACES_SAMPLER`, as OpenTelemetry names them. `parentbased_*`: the caller's
 * decision, if any, takes precedence.
 */
export const SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

export type SamplerName = (typeof SAMPLERS)[number];
