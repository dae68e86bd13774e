import type { RunningService } from "../run/run-service.ts";
import type { SpanCounts } from "./span-counts.ts";
import type { SpanQueueOptions } from "./span-queue.ts";
import type { TelemetryConfig } from "./telemetry-settings.ts";

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
 * `main.ts`, before the service is put together. With `tracesDisabled` it does nothing, and does not even load the SDK.
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
  if (config.tracesDisabled)
    return withClose({ counts: () => ({ exported: 0, dropped: 0 }), close: async () => {} });
  const [{ createSpanQueue }, { installTracer, samplerFor }] = await Promise.all([
    import("./span-queue.ts"),
    import("./tracer.ts"),
  ]);
  const queue = createSpanQueue({ ...options, url: `${config.tracesEndpoint}/v1/traces` });
  const sampler = samplerFor(config.tracesSampler, config.tracesSamplerArg);
  const uninstall = installTracer({ serviceName: config.tracesServiceName, sampler, queue });
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
      url: service.url,
      async close() {
        await service.close();
        await telemetry.close();
      },
    }),
  };
}
