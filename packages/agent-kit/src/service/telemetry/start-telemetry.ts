import type { RunningService } from "../run/run-service.ts";
import type { SpanCounts } from "./span-counts.ts";
import type { SpanQueue, SpanQueueOptions } from "./span-queue.ts";
import type { TelemetryConfig } from "./telemetry-settings.ts";
import { showTraceFieldsInText } from "./trace-fields.ts";

const NO_SPANS: SpanCounts = { exported: 0, dropped: 0 };
const NOWHERE: SpanQueue = { add() {}, counts: () => NO_SPANS, async close() {} };

/** The spans of this process, from the first to the last. */
export interface Telemetry {
  counts(): SpanCounts;
  /** Sends what is left, within a second, and takes the tracer away. */
  close(): Promise<void>;
  /** The same service; its spans are sent after it has closed. */
  closeAfter(service: RunningService): RunningService;
}

/**
 * Starts to make spans: from here on what asks OpenTelemetry's API for a tracer gets one that sends to the collector. Call it once, in
 * `main.ts`, before the service is put together. With `tracesDisabled` it does nothing, and does not even load the SDK. With
 * `tracesExporter` `none` spans have their ids, for the log and for whoever is called, and go nowhere.
 *
 * Libraries of this repository make spans through the API alone; without this call they make none.
 *
 * @example
 * const telemetry = await startTelemetry(config, { logger });
 * const { app } = await buildBackend(config, { logger });
 * return telemetry.closeAfter(await listenOn(app, config));
 */
export async function startTelemetry(
  config: TelemetryConfig,
  options: Pick<SpanQueueOptions, "logger" | "timeoutMs">,
): Promise<Telemetry> {
  if (config.tracesDisabled) return withClose({ counts: () => NO_SPANS, close: async () => {} });
  const [{ createSpanQueue }, { installTracer, samplerFor }] = await Promise.all([
    import("./span-queue.ts"),
    import("./tracer.ts"),
  ]);
  const url = config.tracesUrl ?? `${config.tracesEndpoint}/v1/traces`;
  const queue = config.tracesExporter === "none" ? NOWHERE : createSpanQueue({ ...options, url });
  const sampler = samplerFor(config.tracesSampler, config.tracesSamplerArg);
  const uninstall = installTracer({ serviceName: config.tracesServiceName, sampler, queue });
  showTraceFieldsInText(config.logTraceIds);
  return withClose({
    counts: () => queue.counts(),
    async close() {
      uninstall();
      await queue.close();
    },
  });
}

function withClose(telemetry: Omit<Telemetry, "closeAfter">): Telemetry {
  return {
    ...telemetry,
    closeAfter: (service) => ({
      ...service,
      async close() {
        await service.close();
        await telemetry.close();
      },
    }),
  };
}
