import { withTracerProvider } from "./service-tracer.ts";
import type { SpanProcessorOptions } from "./span-processor.ts";
import type { TelemetryConfig } from "./telemetry-settings.ts";

const CLOSE_LIMIT_MS = 1000;

/** The spans of one service, from the first to the last. */
export interface Telemetry {
  /** Runs a part of the service: what it starts makes its spans here, by way of OpenTelemetry's API. */
  run<T>(work: () => T): T;
  /** Sends what is left, within a second. */
  close(): Promise<void>;
}

/**
 * Makes a service's tracer, which sends to the collector. With `tracesDisabled` it makes none, and does not even load the SDK. With
 * `tracesExporter` `none` spans have their ids, for the log and for the services that are called, and go nowhere.
 *
 * Libraries of this repository make spans through the API alone; outside of `run` they make none. The process must have been prepared
 * with `prepareProcess`.
 *
 * @example
 * const telemetry = await startTelemetry(config, { logger });
 * const running = await telemetry.run(() => build(config, logger));
 */
export async function startTelemetry(
  config: TelemetryConfig,
  { logger }: Pick<SpanProcessorOptions, "logger">,
): Promise<Telemetry> {
  if (config.tracesDisabled) return { run: (work) => work(), close: async () => {} };
  const [{ createSpanProcessor }, { createTracerProvider, samplerFor }] = await Promise.all([
    import("./span-processor.ts"),
    import("./tracer-provider.ts"),
  ]);
  const url = config.tracesUrl ?? `${config.tracesEndpoint}/v1/traces`;
  const provider = createTracerProvider({
    serviceName: config.tracesServiceName,
    sampler: samplerFor(config.tracesSampler, config.tracesSamplerArg),
    processors: config.tracesExporter === "none" ? [] : [createSpanProcessor({ url, logger })],
  });
  return {
    run: (work) => withTracerProvider(provider, work),
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_LIMIT_MS);
      });
      // A failed last batch is logged by the processor.
      await Promise.race([provider.shutdown().catch(() => {}), limit]);
      clearTimeout(timer);
    },
  };
}
