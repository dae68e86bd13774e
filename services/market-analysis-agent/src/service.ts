import { listenOn, type StartService, startService } from "agent-kit/service";
import { buildMarketAnalysisAgent } from "./app.ts";
import { settings } from "./config.ts";

export const start: StartService = (options) =>
  startService({
    ...options,
    name: "market-analysis-agent",
    settings,
    build: async (config, logger) => {
      const { app } = await buildMarketAnalysisAgent(config, { logger });
      return listenOn(app, config);
    },
  });
