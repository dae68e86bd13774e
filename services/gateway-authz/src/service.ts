import { type StartService, startService } from "agent-kit/service";
import { buildGatewayAuthz } from "./app.ts";
import { settings } from "./config.ts";

export const start: StartService = (options) =>
  startService({
    ...options,
    name: "gateway-authz",
    settings,
    build: (config, logger, state) => buildGatewayAuthz(config, { logger, ...state }),
  });
