import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { loadConfig } from "../config/load-config.ts";
import type { serviceSettings } from "../config/service-settings.ts";
import type { Config, Setting, Settings } from "../config/setting.ts";
import type { portSetting } from "../config/value-schemas.ts";
import { createLogger } from "../log/logger.ts";
import { openState, type ServiceState } from "../state/open-state.ts";
import type { storeSettings } from "../state/store-settings.ts";
import type { Telemetry } from "../telemetry/start-telemetry.ts";
import type { telemetrySettings } from "../telemetry/telemetry-settings.ts";
import { listenOn } from "./listen-on.ts";
import type { RunningService, StartOptions } from "./run-service.ts";

type TracedSettings = Settings &
  typeof serviceSettings &
  typeof storeSettings &
  ReturnType<typeof telemetrySettings> & { readonly port: Setting<ReturnType<typeof portSetting>> };

/**
 * Starts a traced service: reads its settings, creates logger and tracer, builds the service with
 * both, and listens at its configured address.
 *
 * @param options.name name for messages about its settings
 * @param options.logName name in its log. Default `name`
 * @param options.build composes the service with its stores and keys; `detail` is for the ready
 * line. Work after the start belongs in an `onListen` hook
 * @example
 * export const start: StartService = (options) =>
 *   startService({ ...options, name: "backend", settings, build: (config, logger, state) => buildBackend(config, { logger, ...state }) });
 */
export async function startService<S extends TracedSettings>(
  options: StartOptions & {
    readonly name: string;
    readonly logName?: string;
    readonly settings: S;
    readonly build: (
      config: Config<S>,
      logger: Logger,
      state: ServiceState,
    ) => Promise<{ readonly app: FastifyInstance; readonly detail?: string }>;
  },
): Promise<RunningService> {
  const { name, logName = name, settings, env, argv, output, startTelemetry, build } = options;
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
  return buildTraced(telemetry, async () => {
    const state = await openState(name, common, logger);
    try {
      const { app, detail } = await build(config, logger, state);
      const { url } = await listenOn(app, common);
      return {
        url,
        ...(detail !== undefined && { detail }),
        async close() {
          await app.close();
          await state.close();
        },
      };
    } catch (error) {
      await state.close();
      throw error;
    }
  });
}

/**
 * Builds a service whose spans are created in `telemetry`, which is closed after the service, or if
 * building fails. For services whose settings are not those of {@link startService}.
 */
export async function buildTraced(
  telemetry: Telemetry,
  build: () => Promise<RunningService>,
): Promise<RunningService> {
  try {
    const running = await telemetry.run(build);
    return {
      ...running,
      // Closing a service may create spans, which are sent afterwards.
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
