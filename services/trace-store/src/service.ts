import { createLogger, listenOn, openState, type RunningService, type StartService } from "agent-kit/service";
import { loadConfig } from "agent-kit/settings";
import { buildTraceStore } from "./app.ts";
import { settings } from "./config.ts";

export const start: StartService = async ({ env, argv, output }) => {
  const service = "trace-store";
  const config = loadConfig({ service, settings, env, argv });
  const logger = createLogger({
    service,
    level: config.logLevel,
    format: config.logFormat,
    destination: output,
  });
  const state = await openState(service, config, logger);
  const opened: RunningService[] = [];
  const close = async () => {
    for (const server of opened) await server.close();
    await state.close();
  };
  try {
    const { app, otlp } = await buildTraceStore(config, { logger, stores: state.stores });
    const intake = await listenOn(otlp, { ...config, port: config.otlpPort });
    opened.push(intake);
    const query = await listenOn(app, config);
    opened.push(query);
    logger.info({ otlp: intake.url }, "receives spans");
    return { url: query.url, close };
  } catch (error) {
    await close();
    throw error;
  }
};
