/**
 * `npm run levels`: shows on the running demo what a resource gives to callers of each level, and how a caller raises its own. Sends
 * about 180 requests as an agent of its own.
 *
 * @module
 */

import { AAuthError } from "aauth";
import {
  ConfigError,
  HelpRequested,
  installLocalhostLookup,
  integerSetting,
  loadConfig,
  setting,
  textSetting,
  urlSetting,
  visibleLines,
} from "agent-kit/service";
import { showLevels, UnexpectedAnswer } from "./levels/show-levels.ts";
import { startVisitor } from "./levels/visitor.ts";

const settings = {
  resource: setting({
    env: "SUPPLY_CHAIN_AGENT_ID_URL",
    flag: "resource",
    schema: urlSetting("http://supply-chain-agent.localhost:3000"),
    description: "Identity of the supply-chain agent",
  }),
  authServer: setting({
    env: "KEYCLOAK_URL",
    flag: "auth-server",
    schema: urlSetting("http://localhost:8080"),
    description: "Auth server that the visitor trusts",
  }),
  realm: setting({
    env: "KEYCLOAK_REALM",
    flag: "realm",
    schema: textSetting("aauth-test"),
    description: "Its realm",
  }),
  scope: setting({
    flag: "scope",
    schema: textSetting("supply-chain:optimize"),
    description: "Scope to ask for beforehand",
  }),
  authorized: setting({
    flag: "authorized",
    schema: integerSetting(50, { minimum: 1, maximum: 2000 }),
    description: "Requests to send at the highest level",
  }),
};

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const config = loadConfig({ service: "levels", settings, env: process.env, argv: process.argv.slice(2) });
    const { resource, authServer, realm, scope, authorized } = config;
    installLocalhostLookup();
    const visitor = await startVisitor([`${authServer}/realms/${realm}`]);
    try {
      await showLevels({
        resource,
        visitor,
        scope,
        authorizedRequests: authorized,
        print: console.log,
      });
    } finally {
      await visitor.stop();
    }
    return 0;
  } catch (error) {
    if (error instanceof HelpRequested) {
      console.log(error.text);
      return 0;
    }
    if (error instanceof ConfigError) {
      console.error(visibleLines(error.message));
      return 2;
    }
    if (error instanceof UnexpectedAnswer || error instanceof AAuthError) {
      console.error(visibleLines(error.message));
      return 1;
    }
    const cause = error instanceof Error ? error.cause : undefined;
    const code = (cause ?? error) as NodeJS.ErrnoException;
    if (code?.code !== "ECONNREFUSED") throw error;
    console.error("Nothing listens there. Start the demo first: npm run demo");
    return 1;
  }
}
