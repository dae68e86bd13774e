import { z } from "zod";
import { type Config, setting } from "../config/setting.ts";
import {
  booleanSetting,
  choiceSetting,
  textSetting,
  urlProblem,
  urlSetting,
} from "../config/value-schemas.ts";
import { SAMPLERS } from "./sampler-names.ts";

/** Supported exporters, by OpenTelemetry's names. */
const EXPORTERS = ["otlp", "none"] as const;

/**
 * OpenTelemetry's own variables, for every traced service. Spread them into the service's settings.
 *
 * @param serviceName default of `service.name`, overridden by `OTEL_SERVICE_NAME`
 */
export function telemetrySettings(serviceName: string) {
  return {
    tracesEndpoint: setting({
      env: "OTEL_EXPORTER_OTLP_ENDPOINT",
      schema: urlSetting("http://localhost:4318"),
      description: "Collector that takes spans by OTLP/HTTP; /v1/traces is added",
    }),
    tracesUrl: setting({
      env: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
      schema: z
        .string()
        .superRefine((text, context) => {
          const message = urlProblem(text);
          if (message !== undefined) context.addIssue({ code: "custom", message });
        })
        .optional(),
      description: "The same for spans alone, taken as it is; beats OTEL_EXPORTER_OTLP_ENDPOINT",
    }),
    tracesExporter: setting({
      env: "OTEL_TRACES_EXPORTER",
      schema: choiceSetting(EXPORTERS, "otlp"),
      description: "Where spans go: otlp, or none: they are made, passed on in traceparent, and sent nowhere",
    }),
    tracesServiceName: setting({
      env: "OTEL_SERVICE_NAME",
      schema: textSetting(serviceName),
      description: "Name of this service in traces",
    }),
    tracesSampler: setting({
      env: "OTEL_TRACES_SAMPLER",
      schema: choiceSetting(SAMPLERS, "parentbased_always_on"),
      description: `Which traces are kept: ${SAMPLERS.join(", ")}`,
    }),
    tracesSamplerArg: setting({
      env: "OTEL_TRACES_SAMPLER_ARG",
      schema: z
        .string()
        .transform(Number)
        .refine((ratio) => ratio >= 0 && ratio <= 1, "expected a number from 0 to 1")
        .default(1),
      description: "Share of traces that the traceidratio samplers keep, 0 to 1",
    }),
    tracesDisabled: setting({
      env: "OTEL_SDK_DISABLED",
      schema: booleanSetting(false),
      description: "Make no spans at all",
    }),
    logTraceIds: setting({
      env: "LOG_TRACE_IDS",
      schema: booleanSetting(false),
      description:
        "End each line of the text log with its trace_id and span_id; at LOG_LEVEL=debug and in json they are there anyway",
    }),
  };
}

/** The values of {@link telemetrySettings}. */
export type TelemetryConfig = Config<ReturnType<typeof telemetrySettings>>;
