import { type StartService, startService } from "agent-kit/service";
import { buildSupplyChainAgent } from "./app.ts";
import { settings } from "./config.ts";

export const start: StartService = (options) =>
  startService({
    ...options,
    name: "supply-chain-agent",
    settings,
    build: async (config, logger, state) =>
      buildSupplyChainAgent(config, { logger, ...state, jobs: await state.openJobs() }),
  });
