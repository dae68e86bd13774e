import { createLogger, listenOn, loadConfig, type StartService } from "agent-kit/service";
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
  const { app, otlp } = await buildTraceStore(config, { logger });
  const intake = await listenOn(otlp, { ...config, port: config.otlpPort });
  const query = await listenOn(app, config);
  logger.info({ otlp: intake.url }, "takes spans");
  return {
    url: query.url,
    close: async () => {
      await intake.close();
      await query.close();
    },
  };
};
