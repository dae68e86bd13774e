import type { Logger } from "pino";
import { loadConfig } from "../config/load-config.ts";
import type { serviceSettings } from "../config/service-settings.ts";
import type { Config, Settings } from "../config/setting.ts";
import { createLogger } from "../log/logger.ts";
import { startTelemetry, type Telemetry } from "../telemetry/start-telemetry.ts";
import type { telemetrySettings } from "../telemetry/telemetry-settings.ts";
import type { RunningService, StartOptions } from "./run-service.ts";

type TracedSettings = Settings & typeof serviceSettings & ReturnType<typeof telemetrySettings>;

/**
 * Starts a service that makes spans: reads its settings, makes its logger and its tracer, and builds it with both.
 *
 * @param options.name in messages about its settings
 * @param options.logName in its log. Default `name`
 * @param options.build puts the service together and listens
 * @example
 * export const start: StartService = (options) =>
 *   startService({ ...options, name: "backend", settings, build: async (config, logger) => {
 *     const { app } = await buildBackend(config, { logger });
 *     return listenOn(app, config);
 *   } });
 */
export async function startService<S extends TracedSettings>(
  options: StartOptions & {
    readonly name: string;
    readonly logName?: string;
    readonly settings: S;
    readonly build: (config: Config<S>, logger: Logger) => Promise<RunningService>;
  },
): Promise<RunningService> {
  const { name, logName = name, settings, env, argv, output, build } = options;
  const config = loadConfig({ service: name, settings, env, argv });
  const common = config as Config<TracedSettings> & { readonly showTokens?: boolean };
  const logger = createLogger({
    service: logName,
    level: common.logLevel,
    format: common.logFormat,
    traceIds: common.logTraceIds,
    showTokens: common.showTokens ?? false,
    destination: output,
  });
  const telemetry = await startTelemetry(common, { logger });
  return buildTraced(telemetry, () => build(config, logger));
}

/**
 * Builds a service that makes its spans in `telemetry`, which is closed after the service, and also where the service cannot be built.
 * For services whose settings are not those of {@link startService}.
 */
export async function buildTraced(
  telemetry: Telemetry,
  build: () => Promise<RunningService>,
): Promise<RunningService> {
  try {
    const running = await telemetry.run(build);
    return {
      ...running,
      // Closing a service may make spans, and its last ones are sent after that.
      close: async () => {
        await telemetry.run(async () => running.close());
        await telemetry.close();
      },
    };
  } catch (error) {
    await telemetry.close();
    throw error;
  }
}
