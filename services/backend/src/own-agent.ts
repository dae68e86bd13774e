import {
  createKeyRing,
  type Discovery,
  generateSigningKey,
  type KeyRing,
  type RecordStore,
  type SigningKey,
  type Stores,
} from "aauth";
import { type Agent, type AgentOptions, createAgent, type Transport } from "aauth/agent";
import { createAgentTrace } from "protocol-trace";
import type { DialectOptions } from "./dialect.ts";

/** Longer than a consent waits, whose code only the key that asked can redeem. */
const KEEP_KEY_SECONDS = 900;
const MAX_TOKENS = 10_000;
/** Auth tokens that no other run shares are kept as long as a run. */
const RUN_SECONDS = 3600;

/**
 * Keys that are new at each start.
 *
 * @param options.key the first one. Default: a new one
 * @param options.kidOf the `kid` of a new one. Default: the first has that of the published demo
 * @param options.keepSeconds least time that an earlier key is kept. Default: the time that a
 * consent or a call waits
 */
export async function createOwnKeys(options: {
  readonly key: SigningKey | undefined;
  readonly kidOf?: (sequence: number) => string;
  readonly keepSeconds?: number;
  readonly now: () => number;
}): Promise<KeyRing> {
  const { key, kidOf = (sequence) => `backend-ephemeral-${sequence}`, keepSeconds = 0, now } = options;
  const create = (sequence: number) => generateSigningKey({ kid: kidOf(sequence) });
  return createKeyRing({
    ...{ key: key ?? (await create(1)), create, now },
    keepSeconds: Math.max(KEEP_KEY_SECONDS, keepSeconds),
  });
}

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

/** One store for the tokens of all agents. @param seconds time that runs share a token; 0: each has its own */
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
