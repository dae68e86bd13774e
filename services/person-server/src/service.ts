import { type StartService, startService } from "agent-kit/service";
import { buildPersonServer } from "./app.ts";
import { settings } from "./config.ts";

export const start: StartService = (options) =>
  startService({
    ...options,
    name: "person-server",
    settings,
    build: async (config, logger, state) => ({
      app: await buildPersonServer(config, { logger, ...state }),
      detail: `person server ${config.id}`,
    }),
  });
