import { createLogger, listenOn, loadConfig, runService, startTelemetry } from "agent-kit/service";
import { buildAuthServer } from "./app.ts";
import { settings } from "./config.ts";

await runService({
  name: "auth-server",
  start: async () => {
    const config = loadConfig({
      service: "auth-server",
      settings,
      env: process.env,
      argv: process.argv.slice(2),
    });
    const logger = createLogger({
      service: "auth-server",
      level: config.logLevel,
      format: config.logFormat,
      showTokens: config.showTokens,
    });
    const telemetry = await startTelemetry(config, { logger });
    const { app, issuer } = await buildAuthServer(config, { logger });
    return telemetry.closeAfter({ ...(await listenOn(app, config)), detail: `issuer ${issuer}` });
  },
});
