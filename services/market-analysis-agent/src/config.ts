import {
  authServerSettings,
  type Config,
  keyRotationSettings,
  listSetting,
  portSetting,
  serviceSettings,
  setting,
  telemetrySettings,
  tokenLogSettings,
  urlSetting,
} from "agent-kit/service";
import { z } from "zod";

/** Every setting of this service; `--help` prints them. */
export const settings = {
  ...serviceSettings,
  ...tokenLogSettings,
  ...keyRotationSettings,
  ...telemetrySettings("market-analysis-agent"),
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
  ...authServerSettings,
  trustedAgents: setting({
    env: "MARKET_ANALYSIS_TRUSTED_AGENTS",
    schema: listSetting(),
    description: "Agents that may call, by identity; empty means any that can be discovered",
  }),
};

export type MarketAnalysisAgentConfig = Config<typeof settings>;
