import {
  authServerSettings,
  type Config,
  integerSetting,
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

const timeoutSeconds = (defaultValue: number) => integerSetting(defaultValue, { minimum: 1, maximum: 3600 });

const perMinute = (defaultValue: number, maximum = 100_000) =>
  integerSetting(defaultValue, { minimum: 1, maximum });

/** Every setting of this service; `--help` prints them. */
export const settings = {
  ...serviceSettings,
  ...tokenLogSettings,
  ...keyRotationSettings,
  ...telemetrySettings("supply-chain-agent"),
  port: setting({
    env: "SUPPLY_CHAIN_AGENT_PORT",
    flag: "port",
    schema: portSetting(9999),
    description: "TCP port to listen on",
  }),
  url: setting({
    env: "SUPPLY_CHAIN_AGENT_URL",
    schema: urlSetting("http://localhost:9999"),
    description: "Endpoint named in the agent card",
  }),
  idUrl: setting({
    env: "SUPPLY_CHAIN_AGENT_ID_URL",
    schema: urlSetting("http://supply-chain-agent.localhost:3000"),
    description: "Identity of this agent and resource; its authority is the one that callers sign for",
  }),
  marketAnalysisUrl: setting({
    env: "MARKET_ANALYSIS_AGENT_URL",
    schema: urlSetting("http://market-analysis-agent.localhost:3000"),
    description: "Where the market-analysis agent is called",
  }),
  marketAnalysisConnectTimeoutSeconds: setting({
    env: "MARKET_ANALYSIS_CONNECT_TIMEOUT",
    schema: timeoutSeconds(30),
    description:
      "Seconds to connect to the market-analysis agent; the four timeouts add up to one limit, of at most MARKET_ANALYSIS_DEADLINE",
  }),
  marketAnalysisReadTimeoutSeconds: setting({
    env: "MARKET_ANALYSIS_READ_TIMEOUT",
    schema: timeoutSeconds(120),
    description: "Seconds for its answer, part of the same limit",
  }),
  marketAnalysisWriteTimeoutSeconds: setting({
    env: "MARKET_ANALYSIS_WRITE_TIMEOUT",
    schema: timeoutSeconds(30),
    description: "Seconds to send the request, part of the same limit",
  }),
  marketAnalysisPoolTimeoutSeconds: setting({
    env: "MARKET_ANALYSIS_POOL_TIMEOUT",
    schema: timeoutSeconds(30),
    description: "Seconds for a free connection, part of the same limit",
  }),
  marketAnalysisDeadlineSeconds: setting({
    env: "MARKET_ANALYSIS_DEADLINE",
    schema: timeoutSeconds(45),
    description:
      "Seconds for the whole question, where the four timeouts leave more; less than whoever calls this agent waits, which then still gets a report that says who did not answer",
  }),
  signatureScheme: setting({
    env: "AAUTH_SIGNATURE_SCHEME",
    flag: "signature-scheme",
    schema: z.enum(["hwk", "jwks"]).default("jwks"),
    description: "How this agent signs: hwk (by key) or jwks (by published identity)",
  }),
  authorizationScheme: setting({
    env: "AAUTH_AUTHORIZATION_SCHEME",
    flag: "authorization-scheme",
    schema: z.enum(["signature-only", "autonomous", "user-delegated"]).default("autonomous"),
    description: "What callers must bring, and on whose authority the next hop is called",
  }),
  additionalScopes: setting({
    env: "AAUTH_RESOURCE_ADDITIONAL_SCOPES",
    schema: listSetting(),
    description: "Scopes callers must bring as well, user-delegated only: what a token exchange may pass on",
  }),
  ...authServerSettings,
  cataloguePseudonymousPerMinute: setting({
    env: "SUPPLY_CHAIN_CATALOGUE_PSEUDONYMOUS_PER_MINUTE",
    schema: perMinute(10, 250),
    description:
      "Requests for the catalogue in a minute from one key; 20 times as many from all keys together",
  }),
  catalogueIdentifiedPerMinute: setting({
    env: "SUPPLY_CHAIN_CATALOGUE_IDENTIFIED_PER_MINUTE",
    schema: perMinute(100),
    description: "Requests for the catalogue in a minute from the agents of one domain",
  }),
  catalogueAuthorizedPerMinute: setting({
    env: "SUPPLY_CHAIN_CATALOGUE_AUTHORIZED_PER_MINUTE",
    schema: perMinute(1000),
    description:
      "Requests for the catalogue in a minute from the agents of one domain, for one user, with an auth token",
  }),
  trustedAgents: setting({
    env: "SUPPLY_CHAIN_TRUSTED_AGENTS",
    schema: listSetting(),
    description: "Agents that may call, by identity; empty means any that can be discovered",
  }),
};

export type SupplyChainAgentConfig = Config<typeof settings>;
