import type { Discovery, KeyRing, RecordStore, Stores } from "aauth";
import { type Agent, type AgentOptions, createAgent, type Transport } from "aauth/agent";
import { createAgentTrace } from "protocol-trace";
import type { BackendConfig } from "./config.ts";
import type { DialectOptions } from "./dialect.ts";

/** Longer than a consent request waits: only the requesting key can redeem its code. */
const KEEP_KEY_SECONDS = 900;
const MAX_TOKENS = 10_000;
/** Retention of auth tokens that no other run shares, equal to that of a run. */
const RUN_SECONDS = 3600;

/**
 * Seconds an earlier key is kept: at least as long as the agent tokens that it has signed and the
 * calls that wait.
 */
export const keptKeySeconds = (config: Pick<BackendConfig, "agentTokenSeconds">): number =>
  Math.max(KEEP_KEY_SECONDS, config.agentTokenSeconds);

/**
 * Creates the backend's agents, which share keys, tokens and discovery. Requests of runs are kept
 * as evidence.
 *
 * @param options.transport default: the library's
 */
export function ownAgents(
  options: Pick<DialectOptions, "config" | "evidence" | "stores" | "now"> & {
    readonly keys: KeyRing;
    readonly discovery: Discovery;
    readonly transport?: Transport;
  },
): (own: Omit<AgentOptions, "key" | "discovery">) => Agent {
  const { config, evidence, keys: key, discovery, now } = options;
  const stores = tokenStores(options.stores, config.authTokenCacheSeconds);
  return (own) => {
    const traced = createAgentTrace(options.transport);
    return createAgent({
      key,
      discovery,
      stores,
      now,
      revealTokens: config.showTokens, // hole D14+: true
      ...traced,
      ...(evidence && { transport: evidence.recording(traced.transport) }),
      ...own,
    });
  };
}

/**
 * Creates one token store for all agents.
 *
 * @param seconds time during which runs share a token; 0: each run has its own
 */
function tokenStores(stores: Stores, seconds: number): Pick<Stores, "records"> {
  return {
    records<Value>(): RecordStore<Value> {
      const tokens = stores.records<Value>("tokens", { maxEntries: MAX_TOKENS });
      return {
        ...tokens,
        put: (name, token, { owner }) =>
          tokens.put(name, token, { owner, ttlSeconds: seconds || RUN_SECONDS }),
      };
    },
  };
}
