import { withTracerProvider } from "./service-tracer.ts";
import type { SpanProcessorOptions } from "./span-processor.ts";
import type { TelemetryConfig } from "./telemetry-settings.ts";

const CLOSE_LIMIT_MS = 1000;

/** Telemetry of one service. */
export interface Telemetry {
  /** Runs a part of the service, whose spans by OpenTelemetry's API are created here. */
  run<T>(work: () => T): T;
  /** Sends the remaining spans, within a second. */
  close(): Promise<void>;
}

/**
 * Starts the export of a service's spans to the collector. With `tracesDisabled`, no spans are
 * created, and the SDK is not loaded. With `tracesExporter` `none`, spans have ids, for the log and
 * for called services, but are not exported.
 */
export type StartTelemetry = (
  config: TelemetryConfig,
  options: Pick<SpanProcessorOptions, "logger">,
) => Promise<Telemetry>;

const NO_TELEMETRY: Telemetry = { run: (work) => work(), close: async () => {} };

/**
 * Telemetry of the only service in a process: OpenTelemetry's NodeSDK, which registers itself with
 * the API of the process. `run` only calls `work`.
 */
export const startNodeSdk: StartTelemetry = async (config, options) => {
  if (config.tracesDisabled) return NO_TELEMETRY;
  const { createNodeSdk } = await import("./node-sdk.ts");
  const sdk = createNodeSdk(config, options);
  sdk.start();
  return { run: (work) => work(), close: () => shutDown(sdk) };
};

/**
 * Telemetry of one of several services in a process, after `prepareProcess`. Libraries of this
 * repository create spans through the API only, and none outside `run`.
 *
 * @example
 * const telemetry = await startTelemetry(config, { logger });
 * const running = await telemetry.run(() => build(config, logger));
 */
export const startTelemetry: StartTelemetry = async (config, options) => {
  if (config.tracesDisabled) return NO_TELEMETRY;
  const { createTracerProvider } = await import("./tracer-provider.ts");
  const provider = createTracerProvider(config, options);
  return { run: (work) => withTracerProvider(provider, work), close: () => shutDown(provider) };
};

/** A failed last batch is logged by the processor. */
async function shutDown(tracing: { shutdown(): Promise<void> }): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_LIMIT_MS);
  });
  await Promise.race([tracing.shutdown().catch(() => {}), limit]);
  clearTimeout(timer);
}
