import { type StartService, startService } from "agent-kit/service";
import { buildMarketAnalysisAgent } from "./app.ts";
import { settings } from "./config.ts";

export const start: StartService = (options) =>
  startService({
    ...options,
    name: "market-analysis-agent",
    settings,
    build: (config, logger, state) => buildMarketAnalysisAgent(config, { logger, ...state }),
  });
