import { withTracerProvider } from "./service-tracer.ts";
import type { SpanCounts } from "./span-counts.ts";
import type { SpanQueue, SpanQueueOptions } from "./span-queue.ts";
import type { TelemetryConfig } from "./telemetry-settings.ts";

const NO_SPANS: SpanCounts = { exported: 0, dropped: 0 };
const NOWHERE: SpanQueue = { add() {}, counts: () => NO_SPANS, async close() {} };

/** The spans of one service, from the first to the last. */
export interface Telemetry {
  /** Runs a part of the service: what it starts makes its spans here, by way of OpenTelemetry's API. */
  run<T>(work: () => T): T;
  counts(): SpanCounts;
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
  options: Pick<SpanQueueOptions, "logger" | "timeoutMs">,
): Promise<Telemetry> {
  if (config.tracesDisabled) return { run: (work) => work(), counts: () => NO_SPANS, close: async () => {} };
  const [{ createSpanQueue }, { createTracerProvider, samplerFor }] = await Promise.all([
    import("./span-queue.ts"),
    import("./tracer-provider.ts"),
  ]);
  const url = config.tracesUrl ?? `${config.tracesEndpoint}/v1/traces`;
  const queue = config.tracesExporter === "none" ? NOWHERE : createSpanQueue({ ...options, url });
  const provider = createTracerProvider({
    serviceName: config.tracesServiceName,
    sampler: samplerFor(config.tracesSampler, config.tracesSamplerArg),
    queue,
  });
  return {
    run: (work) => withTracerProvider(provider, work),
    counts: () => queue.counts(),
    close: () => queue.close(),
  };
}
