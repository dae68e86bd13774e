import { type StartService, startService } from "agent-kit/service";
import { buildBackend } from "./app.ts";
import { settings } from "./config.ts";

export const start: StartService = (options) =>
  startService({
    ...options,
    name: "backend",
    logName: "supply-chain-backend",
    settings,
    build: async (config, logger, state) =>
      buildBackend(config, {
        logger,
        ...state,
        jobs: await state.openJobs(),
        hints: await state.openHints(),
      }),
  });
