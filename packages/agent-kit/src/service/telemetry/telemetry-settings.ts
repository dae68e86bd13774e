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
      description: "OTLP/HTTP collector of spans; /v1/traces is appended",
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
      description: "Full URL of the collector for spans; takes precedence",
    }),
    tracesExporter: setting({
      env: "OTEL_TRACES_EXPORTER",
      schema: choiceSetting(EXPORTERS, "otlp"),
      description: "Exporter: otlp, or none (spans only propagate in traceparent)",
    }),
    tracesServiceName: setting({
      env: "OTEL_SERVICE_NAME",
      schema: textSetting(serviceName),
      description: "Name of this service in traces",
    }),
    tracesSampler: setting({
      env: "OTEL_TRACES_SAMPLER",
      schema: choiceSetting(SAMPLERS, "parentbased_always_on"),
      description: `Sampler: ${SAMPLERS.join(", ")}`,
    }),
    tracesSamplerArg: setting({
      env: "OTEL_TRACES_SAMPLER_ARG",
      schema: z
        .string()
        .transform(Number)
        .refine((ratio) => ratio >= 0 && ratio <= 1, "expected a number from 0 to 1")
        .default(1),
      description: "Ratio of the traceidratio samplers, 0 to 1",
    }),
    tracesDisabled: setting({
      env: "OTEL_SDK_DISABLED",
      schema: booleanSetting(false),
      description: "Disable spans",
    }),
    logTraceIds: setting({
      env: "LOG_TRACE_IDS",
      schema: booleanSetting(false),
      description:
        "Append trace_id and span_id to lines of the text log, as LOG_LEVEL=debug and json always do",
    }),
  };
}

/** The values of {@link telemetrySettings}. */
export type TelemetryConfig = Config<ReturnType<typeof telemetrySettings>>;
