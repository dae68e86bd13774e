/**
 * The embedded gateway, whose check in its own process believes whoever comes: what the plain stack has instead of one that judges. Takes
 * the gateway's own flags and variables, and the URLs of the stack as JSON, its last argument.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { createLogger, loadConfig, runService } from "service-kit";
import type { GatewayCheck } from "../../packages/gateway-check/src/index.ts";
import type { StackUrls } from "../../scripts/demo/stack.ts";
import { buildGateway } from "../../services/gateway/src/app.ts";
import { settings, withTraceVariables } from "../../services/gateway/src/config.ts";
import { lineWriter } from "../../services/gateway/src/observe/line-writer.ts";
import { createOwnCheck } from "../../services/gateway/src/own-check/own-check.ts";
import { hasToken, plainMessages } from "./plain-stack.ts";

const { claims } = await plainMessages(JSON.parse(process.argv.pop()!) as StackUrls);

await runService({
  name: "gateway",
  start: async () => {
    const argv = process.argv.slice(2);
    const config = withTraceVariables(loadConfig({ service: "gateway", settings, env: process.env, argv }));
    const logger = createLogger({ service: "gateway", level: config.logLevel });
    const check: GatewayCheck = {
      async answer({ headers }) {
        return { status: 200, headers: { "x-aauth-claims": hasToken(headers) ? claims.jwt : claims.jwks } };
      },
    };
    const ownCheck = createOwnCheck(config.checkInProcess!, check, logger);
    const accessLog = lineWriter(process.stdout);
    const gateway = await buildGateway(
      config,
      { source: config.file, text: readFileSync(config.file, "utf8") },
      {
        env: process.env,
        logger,
        accessLog: accessLog.write,
        ownCheck,
      },
    );
    return { url: gateway.urls.join(", "), close: () => gateway.close() };
  },
});
