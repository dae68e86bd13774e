import {
  createLogger,
  installLocalhostLookup,
  listenOn,
  loadConfig,
  runService,
  startTelemetry,
} from "agent-kit/service";
import { buildBackend } from "./app.ts";
import { settings } from "./config.ts";

const service = "backend";

await runService({
  name: service,
  start: async () => {
    const config = loadConfig({ service, settings, env: process.env, argv: process.argv.slice(2) });
    installLocalhostLookup();
    const logger = createLogger({
      service: "supply-chain-backend",
      level: config.logLevel,
      format: config.logFormat,
      showTokens: config.showTokens,
    });
    const telemetry = await startTelemetry(config, { logger });
    const { app } = await buildBackend(config, { logger });
    return telemetry.closeAfter(await listenOn(app, config));
  },
});
