/**
 * The demo's supply-chain agent without a token from an earlier flow. It keeps its tokens in memory as long as it runs, so each flow
 * meets a new one: all are built beforehand from the service's own composition root, with one key and one set of discovered
 * documents, and take over in turn when a caller comes without a token. Takes their number as its only argument.
 *
 * @module
 */

import { createServer } from "node:http";
import { createDiscovery, generateSigningKey } from "aauth";
import type { FastifyInstance } from "fastify";
import { createLogger, installLocalhostLookup, loadConfig, runService } from "service-kit";
import { buildSupplyChainAgent } from "../../services/supply-chain-agent/src/app.ts";
import { settings } from "../../services/supply-chain-agent/src/config.ts";

const service = "supply-chain-agent";
const MAX_HEADER_BYTES = 65_536;

await runService({
  name: service,
  start: async () => {
    const config = loadConfig({ service, settings, env: process.env, argv: [] });
    installLocalhostLookup();
    const logger = createLogger({ service, level: config.logLevel, format: config.logFormat });
    const shared = {
      logger,
      key: await generateSigningKey({ kid: "bench-ephemeral-1" }),
      discovery: createDiscovery({ development: true }),
    };
    const build = async () => {
      const { app } = await buildSupplyChainAgent(config, shared);
      await app.ready();
      return app;
    };
    let current = await build();
    const waiting: FastifyInstance[] = [];
    for (let count = Number(process.argv[2]); count > 0; count--) waiting.push(await build());

    const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
      const startsFlow = request.method === "POST" && !request.headers["signature-key"]?.includes("jwt=");
      if (startsFlow) current = waiting.pop() ?? current;
      current.routing(request, response);
    });
    await new Promise<void>((resolve) => server.listen(config.port, config.host, resolve));
    return {
      url: config.url,
      close: () => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      },
    };
  },
});
