import { generateKeyPairSync, randomBytes } from "node:crypto";
import {
  createKeyRing,
  createMemoryRecordStore,
  type Discovery,
  generateSigningKey,
  importSigningKey,
  type KeyRing,
  type RecordStore,
  type SigningKey,
} from "aauth";
import { type Agent, type AgentOptions, createAgent, type ObtainedToken, type Transport } from "aauth/agent";
import { createAgentTrace } from "protocol-trace";
import type { DialectOptions } from "./dialect.ts";
import type { KeptKey } from "./runs/waiting-runs.ts";

/** Longer than a consent waits, whose code only the key that asked can redeem. */
const KEEP_KEY_SECONDS = 900;
/** One a start, as a rule; all of them are published. */
const MAX_EARLIER_KEYS = 16;
const MAX_TOKENS = 10_000;
/** Auth tokens that no other run shares are kept as long as a run. */
const RUN_SECONDS = 3600;

interface KeyOptions {
  /** The first one. Default: a new one. */
  readonly key: SigningKey | undefined;
  /** Least time that an earlier key is kept. Default: the time that a consent or a call waits. */
  readonly keepSeconds?: number;
  readonly now: () => number;
}

/** Keys in February: new at each start. The first has the `kid` of the published demo. */
export async function createOwnKeys({ key, keepSeconds = 0, now }: KeyOptions): Promise<KeyRing> {
  const create = (sequence: number) => generateSigningKey({ kid: `backend-ephemeral-${sequence}` });
  return createKeyRing({
    ...{ key: key ?? (await create(1)), create, now },
    keepSeconds: Math.max(KEEP_KEY_SECONDS, keepSeconds),
  });
}

/** Keys of draft -11: a call that waits goes on after a restart, with the key that has asked. */
interface KeptKeys {
  readonly keys: KeyRing;
  /** The private key of a thumbprint, to be written down. Undefined for a key that was given. */
  readonly keptKey: (thumbprint: string) => KeptKey | undefined;
}

/** @param options.earlier keys of the process before, that calls wait with */
export async function createKeptKeys(
  options: KeyOptions & { readonly earlier: readonly KeptKey[] },
): Promise<KeptKeys> {
  const { key, keepSeconds = 0, now } = options;
  const kept = new Map<string, KeptKey>();
  async function take(jwk: KeptKey): Promise<SigningKey> {
    const taken = await importSigningKey(jwk);
    kept.set(taken.thumbprint, jwk);
    return taken;
  }
  // No name is used twice: others keep key sets beyond a restart.
  const create = () => take({ ...newPrivateKey(), kid: `backend-${randomBytes(6).toString("base64url")}` });
  const unique = [...new Map(options.earlier.map((jwk) => [jwk.x, jwk])).values()].slice(-MAX_EARLIER_KEYS);
  // A damaged one ends its runs, and not the start.
  const taken = await Promise.all(unique.reverse().map((jwk) => take(jwk).catch(() => undefined)));
  const seconds = Math.max(KEEP_KEY_SECONDS, keepSeconds);
  const earlier = taken.filter((key) => key !== undefined);
  const newest = { key: key ?? (await create()), announcedAt: now(), keepSeconds: 0 };
  const held = earlier.map((key) => ({ key, announcedAt: 0, keepSeconds: seconds }));
  const keys = createKeyRing({ key: [newest, ...held], create, keepSeconds: seconds, now });
  return { keys, keptKey: (thumbprint) => kept.get(thumbprint) };
}

function newPrivateKey(): Pick<KeptKey, "kty" | "crv" | "x" | "d"> {
  const { x, d } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return { kty: "OKP", crv: "Ed25519", x: x!, d: d! };
}

/**
 * Creates the backend's agents, which share keys, tokens and discovery. Runs leave evidence of what
 * they send.
 *
 * @param options.transport default: the library's
 */
export function ownAgents(
  options: Pick<DialectOptions, "config" | "evidence" | "now"> & {
    readonly keys: KeyRing;
    readonly discovery: Discovery;
    readonly transport?: Transport;
  },
): (own: Omit<AgentOptions, "key" | "discovery">) => Agent {
  const { config, evidence, now, keys: key, discovery } = options;
  const tokens = createTokenStore(config.authTokenCacheSeconds, now);
  const stores = { records: <Value>() => tokens as RecordStore<unknown> as RecordStore<Value> };
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

/** @param seconds time that runs share a token; 0: each has its own */
function createTokenStore(seconds: number, now: () => number): RecordStore<ObtainedToken> {
  const tokens = createMemoryRecordStore<ObtainedToken>({ maxEntries: MAX_TOKENS, now });
  return {
    ...tokens,
    put: (name, grant, { owner }) => tokens.put(name, grant, { owner, ttlSeconds: seconds || RUN_SECONDS }),
  };
}
