/**
 * `npm run levels`: shows on the running demo the limits for callers of each level, and how a
 * caller raises its level. Sends about 180 requests as a separate agent. In draft -11 a person has
 * to allow that agent once.
 *
 * @module
 */

import { AAuthError, createEndpointMap } from "aauth";
import {
  type Config,
  ConfigError,
  HelpRequested,
  installLocalhostLookup,
  integerSetting,
  loadConfig,
  portSetting,
  profileSettings,
  setting,
  textSetting,
  urlSetting,
  visibleLines,
} from "agent-kit/service";
import { agentUrl, DRAFT_11_SERVERS, identifierOf, PORTS } from "topology";
import { showDraft11Levels } from "./levels/show-draft-11-levels.ts";
import { showLevels, UnexpectedAnswer } from "./levels/show-levels.ts";
import { startDraft11Visitor, startVisitor } from "./levels/visitor.ts";
import { portOfDemo } from "./port-of-demo.ts";

const settings = {
  resource: setting({
    env: "SUPPLY_CHAIN_AGENT_ID_URL",
    flag: "resource",
    schema: urlSetting(agentUrl("supply-chain-agent", portOfDemo("gateway", process.env))),
    description: "Identity of the supply-chain agent; with draft-11: where it is",
  }),
  authServer: setting({
    env: "KEYCLOAK_URL",
    flag: "auth-server",
    schema: urlSetting(`http://localhost:${portOfDemo("authServer", process.env)}`),
    description: "Auth server that the visitor trusts",
  }),
  personServer: setting({
    env: "PERSON_SERVER_URL",
    flag: "person-server",
    schema: urlSetting(`http://localhost:${portOfDemo("personServer", process.env)}`),
    description: "With draft-11: where the person server is",
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
  profile: setting({ ...profileSettings.profile, flag: "profile" }),
  visitorPort: setting({
    env: "VISITOR_PORT",
    flag: "visitor-port",
    schema: portSetting(PORTS.visitor.port),
    description: "With draft-11: port of the visitor's documents, which the demo's services know",
  }),
};

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const config = loadConfig({ service: "levels", settings, env: process.env, argv: process.argv.slice(2) });
    const { resource, authServer, realm, scope, authorized } = config;
    installLocalhostLookup();
    if (config.profile === "draft-11") {
      await ofDraft11(config);
      return 0;
    }
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
    if (code?.syscall === "listen") {
      console.error(
        `${code.message}: is another npm run levels running? The demo looks for the visitor there.`,
      );
      return 1;
    }
    if (code?.code !== "ECONNREFUSED") throw error;
    console.error(
      "Nothing listens there. Start the demo first: npm run demo. One with ports of its own is found by the same variables.",
    );
    return 1;
  }
}

async function ofDraft11(config: Config<typeof settings>): Promise<void> {
  const { resource, personServer, visitorPort: port, authorized } = config;
  const endpoints = {
    [identifierOf("supply-chain-agent")]: resource,
    ...Object.fromEntries(Object.values(DRAFT_11_SERVERS).map((name) => [identifierOf(name), personServer])),
  };
  const visitor = await startDraft11Visitor({ endpoints, port });
  try {
    await showDraft11Levels({
      resource: identifierOf("supply-chain-agent"),
      visitor,
      browserUrl: createEndpointMap(endpoints).browserUrl,
      authorizedRequests: authorized,
      print: console.log,
    });
  } finally {
    await visitor.stop();
  }
}
