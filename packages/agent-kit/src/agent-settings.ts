import { type AgentRow, agentUrl, variablePrefix } from "topology";
import { z } from "zod";
import {
  authServerSettings,
  type Config,
  keyRotationSettings,
  listSetting,
  portSetting,
  profileSettings,
  publishedPeersSettings,
  serviceSettings,
  setting,
  storeSettings,
  telemetrySettings,
  tokenLogSettings,
  urlSetting,
} from "./service/config/index.ts";

/** An agent of `packages/topology`: its name and its row. */
export interface NamedAgent extends AgentRow {
  readonly name: string;
}

/**
 * The settings of every agent behind the gateway. Spread them into the agent's own.
 *
 * @param agent names its variables: `SUPPLY_CHAIN_AGENT_PORT`, `SUPPLY_CHAIN_TRUSTED_AGENTS`
 */
export function agentSettings({ name, port }: NamedAgent) {
  const prefix = variablePrefix(name);
  return {
    ...serviceSettings,
    ...storeSettings,
    ...tokenLogSettings,
    ...keyRotationSettings,
    ...profileSettings,
    ...telemetrySettings(name),
    port: setting({
      env: `${prefix}_PORT`,
      flag: "port",
      schema: portSetting(port),
      description: "TCP port to listen on",
    }),
    url: setting({
      env: `${prefix}_URL`,
      schema: urlSetting(`http://localhost:${port}`),
      description: "Endpoint named in the agent card",
    }),
    idUrl: setting({
      env: `${prefix}_ID_URL`,
      schema: urlSetting(agentUrl(name)),
      description: "Identity of this agent and resource; its authority is the one that callers sign for",
    }),
    signatureScheme: setting({
      env: "AAUTH_SIGNATURE_SCHEME",
      flag: "signature-scheme",
      schema: z.enum(["hwk", "jwks"]).default("jwks"),
      description: "How this agent signs its own requests: hwk (by key) or jwks (by published identity)",
    }),
    authorizationScheme: setting({
      env: "AAUTH_AUTHORIZATION_SCHEME",
      flag: "authorization-scheme",
      schema: z.enum(["signature-only", "autonomous", "user-delegated"]).default("autonomous"),
      description: "What callers must present: a signature, or an auth token as well",
    }),
    ...authServerSettings,
    ...publishedPeersSettings,
    agentProviders: setting({
      env: `${prefix.replace(/_AGENT$/, "")}_TRUSTED_AGENTS`,
      schema: listSetting(),
      description: "Agents that may call, by identity; empty means any that can be discovered",
    }),
  };
}

export type AgentConfig = Config<ReturnType<typeof agentSettings>>;
