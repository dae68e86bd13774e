import { type StartService, startService } from "agent-kit/service";
import { buildAuthServer } from "./app.ts";
import { settings } from "./config.ts";

export const start: StartService = (options) =>
  startService({
    ...options,
    name: "auth-server",
    settings,
    build: async (config, logger, state) => {
      const { app, issuer } = await buildAuthServer(config, { logger, ...state });
      return { app, detail: `issuer ${issuer}` };
    },
  });
