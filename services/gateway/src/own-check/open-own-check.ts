import { createGatewayCheck, type GatewayCheckDeps } from "gateway-check";
import { SERVICE_NAME } from "protocol-trace";
import { startTelemetry } from "service-kit";
import type { GatewaySettings } from "../config.ts";
import type { TracingConfiguration } from "../configuration/configuration.ts";
import { traceUrl } from "../observe/trace-url.ts";
import { createOwnCheck, type OwnCheck } from "./own-check.ts";

/**
 * The check that `GATEWAY_AUTHZ_IN_PROCESS` asks for, with the settings of `gateway-authz`. Its spans go where the gateway's go, under
 * the name of the service that it stands for.
 *
 * @param tracing as in the gateway's file; without it there are no spans
 */
export async function openOwnCheck(
  settings: GatewaySettings & { readonly checkInProcess: string },
  tracing: TracingConfiguration | undefined,
  { logger }: Pick<GatewayCheckDeps, "logger">,
): Promise<{ ownCheck: OwnCheck; close(): Promise<void> }> {
  const telemetry =
    tracing &&
    (await startTelemetry(
      {
        tracesDisabled: false,
        tracesUrl: traceUrl(tracing),
        tracesEndpoint: tracing.otlpEndpoint,
        tracesExporter: "otlp",
        tracesServiceName: SERVICE_NAME.gatewayAuthz,
        // The gateway has decided, and says so in the check's traceparent.
        tracesSampler: "parentbased_always_off",
        tracesSamplerArg: 1,
        logTraceIds: false,
      },
      { logger },
    ));
  const check = createGatewayCheck(settings, { logger });
  return {
    ownCheck: createOwnCheck(settings.checkInProcess, check, logger),
    close: async () => telemetry?.close(),
  };
}
