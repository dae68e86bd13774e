import { listenOn, type StartService, startService } from "agent-kit/service";
import { buildGatewayAuthz } from "./app.ts";
import { settings } from "./config.ts";

export const start: StartService = (options) =>
  startService({
    ...options,
    name: "gateway-authz",
    settings,
    build: async (config, logger) => {
      const { app } = await buildGatewayAuthz(config, { logger });
      return listenOn(app, config);
    },
  });
