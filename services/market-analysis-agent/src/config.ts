import {
  booleanSetting,
  type Config,
  LOG_FORMATS,
  LOG_LEVELS,
  listSetting,
  portSetting,
  setting,
  urlSetting,
} from "service-kit";
import { z } from "zod";

/** Every setting of this service; `--help` prints them. */
export const settings = {
  host: setting({
    env: "HOST",
    schema: z.string().default("127.0.0.1"),
    description: "Address to listen on",
  }),
  port: setting({
    env: "MARKET_ANALYSIS_AGENT_PORT",
    flag: "port",
    schema: portSetting(9998),
    description: "TCP port to listen on",
  }),
  url: setting({
    env: "MARKET_ANALYSIS_AGENT_URL",
    schema: urlSetting("http://localhost:9998"),
    description: "Endpoint named in the agent card",
  }),
  idUrl: setting({
    env: "MARKET_ANALYSIS_AGENT_ID_URL",
    schema: urlSetting("http://market-analysis-agent.localhost:3000"),
    description: "Identity of this agent and resource; its authority is the one that callers sign for",
  }),
  authorizationScheme: setting({
    env: "AAUTH_AUTHORIZATION_SCHEME",
    flag: "authorization-scheme",
    schema: z.enum(["signature-only", "autonomous", "user-delegated"]).default("autonomous"),
    description: "What callers must bring: a signature, or an auth token as well",
  }),
  autonomousLevel: setting({
    env: "MARKET_ANALYSIS_AUTONOMOUS_LEVEL",
    schema: z.enum(["pseudonymous", "identified", "authorized"]).default("authorized"),
    description: "Level demanded in the autonomous scheme; the February-2026 demo has pseudonymous",
  }),
  signatureScheme: setting({
    env: "AAUTH_SIGNATURE_SCHEME",
    flag: "signature-scheme",
    schema: z.enum(["hwk", "jwks"]).default("jwks"),
    description: "Taken so that one command line fits all agents; this one signs no requests",
  }),
  authServerUrl: setting({
    env: "KEYCLOAK_URL",
    schema: urlSetting("http://localhost:8080"),
    description: "Auth server",
  }),
  realm: setting({
    env: "KEYCLOAK_REALM",
    schema: z.string().default("aauth-test"),
    description: "Realm of the auth server; both together name the issuer",
  }),
  trustedAgents: setting({
    env: "MARKET_ANALYSIS_TRUSTED_AGENTS",
    schema: listSetting(),
    description: "Agents that may call, by identity; empty means any that can be discovered",
  }),
  logLevel: setting({
    env: "LOG_LEVEL",
    flag: "log-level",
    schema: z.string().toLowerCase().pipe(z.enum(LOG_LEVELS)).default("info"),
    description: `Least level to log: ${LOG_LEVELS.join(", ")}`,
  }),
  logFormat: setting({
    env: "LOG_FORMAT",
    flag: "log-format",
    schema: z.enum(LOG_FORMATS).default("text"),
    description: "text for people, json for machines",
  }),
  showTokens: setting({
    env: "AAUTH_SHOW_TOKENS",
    flag: "show-tokens",
    schema: booleanSetting(false),
    description: "Print whole tokens in the log; for the demo only",
  }),
};

export type MarketAnalysisAgentConfig = Config<typeof settings>;
