import { type StartService, startService } from "agent-kit/service";
import { buildAuthServer } from "./app.ts";
import { settings } from "./config.ts";

export const start: StartService = (options) =>
  startService({
    ...options,
    name: "auth-server",
    settings,
    build: async (config, logger, { keys }) => {
      const { app, issuer } = await buildAuthServer(config, { logger, keys });
      return { app, detail: `issuer ${issuer}` };
    },
  });
