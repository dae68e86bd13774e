import type { Discovery, KeyRing, RecordStore, Stores } from "aauth";
import { type Agent, type AgentOptions, createAgent, type Transport } from "aauth/agent";
import { createAgentTrace } from "protocol-trace";
import type { BackendConfig } from "./config.ts";
import type { DialectOptions } from "./dialect.ts";

/** Longer than a consent waits, whose code only the key that asked can redeem. */
const KEEP_KEY_SECONDS = 900;
const MAX_TOKENS = 10_000;
/** Auth tokens that no other run shares are kept as long as a run. */
const RUN_SECONDS = 3600;

/**
 * Seconds an earlier key is kept: a delegate's agent token that it has signed, and a call that
 * waits, do not outlive it.
 */
export const keptKeySeconds = (config: Pick<BackendConfig, "agentTokenSeconds">): number =>
  Math.max(KEEP_KEY_SECONDS, config.agentTokenSeconds);

/**
 * Creates the backend's agents, which share keys, tokens and discovery. Runs leave evidence of what
 * they send.
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
      ...{ key, discovery, stores, now },
      revealTokens: config.showTokens,
      ...traced,
      ...(evidence && { transport: evidence.recording(traced.transport) }),
      ...own,
    });
  };
}

/**
 * One store for the tokens of all agents.
 *
 * @param seconds time that runs share a token; 0: each has its own
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
