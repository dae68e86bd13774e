import {
  createLogger,
  installLocalhostLookup,
  listenOn,
  loadConfig,
  runService,
  startTelemetry,
} from "agent-kit/service";
import { buildDelegateAgent } from "./app.ts";
import { settings } from "./config.ts";
import { loadCredential } from "./credential.ts";
import { enrolIn } from "./enrol.ts";

const service = "delegate-agent";

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
    const credential = await loadCredential(config.dataFolder);
    const entry = {
      sub: credential.sub,
      name: config.displayName,
      jwk: credential.publicJwk,
      url: config.url,
    };
    if (config.enrolmentFile === undefined) {
      logger.info({ entry: JSON.stringify(entry) }, "To be enrolled, this goes into the agent server's file");
    } else {
      await enrolIn(config.enrolmentFile, entry);
      logger.info({ sub: credential.sub, file: config.enrolmentFile }, "Enrolled with the agent server");
    }
    const { app, delegate } = await buildDelegateAgent(config, { logger, credential });
    const running = telemetry.closeAfter(await listenOn(app, config));
    if (config.callAtStart) void delegate.run();
    return running;
  },
});
