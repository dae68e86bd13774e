import {
  createLogger,
  installLocalhostLookup,
  listenOn,
  loadConfig,
  runService,
  startTelemetry,
} from "agent-kit/service";
import { buildMarketAnalysisAgent } from "./app.ts";
import { settings } from "./config.ts";

const service = "market-analysis-agent";

await runService({
  name: service,
  start: async () => {
    const config = loadConfig({ service, settings, env: process.env, argv: process.argv.slice(2) });
    installLocalhostLookup();
    const logger = createLogger({
      service,
      level: config.logLevel,
      format: config.logFormat,
      showTokens: config.showTokens,
    });
    const telemetry = await startTelemetry(config, { logger });
    const { app } = await buildMarketAnalysisAgent(config, { logger });
    return telemetry.closeAfter(await listenOn(app, config));
  },
});
