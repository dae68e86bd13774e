/**
 * The demo's supply-chain agent as its `main.ts` starts it, but with a cache that keeps no token: each flow is its first.
 *
 * @module
 */

import { createLogger, installLocalhostLookup, listenOn, loadConfig, runService } from "agent-kit/service";
import { buildSupplyChainAgent } from "../../services/supply-chain-agent/src/app.ts";
import { settings } from "../../services/supply-chain-agent/src/config.ts";

const service = "supply-chain-agent";

await runService({
  name: service,
  start: async () => {
    const config = loadConfig({ service, settings, env: process.env, argv: [] });
    installLocalhostLookup();
    const logger = createLogger({ service, level: config.logLevel, format: config.logFormat });
    const tokenCache = { get: () => undefined, set: () => {}, delete: () => {} };
    const { app } = await buildSupplyChainAgent(config, { logger, tokenCache });
    return listenOn(app, config);
  },
});
