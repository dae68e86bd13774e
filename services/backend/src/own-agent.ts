import { createKeyRing, createMemoryStore, generateSigningKey, type KeyRing, type SigningKey } from "aauth";
import type { Grant, TokenCache } from "aauth/agent";

/** Longer than a consent waits, whose code only the key that asked can redeem. */
const KEEP_KEY_SECONDS = 900;
const MAX_TOKENS = 1_000;
/** Auth tokens that no other run shares are kept as long as a run. */
const RUN_SECONDS = 3600;

/** The published demo's kid for the first key. A new key per start. */
const keyId = (sequence: number) => `backend-ephemeral-${sequence}`;

/** The backend's own keys. */
export async function createOwnKeys(options: {
  /** The first one. Default: a new one. */
  readonly key: SigningKey | undefined;
  /** How long a key of the past is good for at least. Default: as long as a consent waits. */
  readonly keepSeconds?: number;
  readonly now: () => number;
}): Promise<KeyRing> {
  const { key, keepSeconds = 0, now } = options;
  const create = (sequence: number) => generateSigningKey({ kid: keyId(sequence) });
  return createKeyRing({
    key: key ?? (await create(1)),
    create,
    keepSeconds: Math.max(KEEP_KEY_SECONDS, keepSeconds),
    now,
  });
}

/** @param options.seconds how long runs share a token; 0: each has its own */
export function createTokenCache(options: {
  readonly seconds: number;
  readonly now: () => number;
}): TokenCache {
  const { seconds, now } = options;
  const tokens = createMemoryStore<Grant>({ maxEntries: MAX_TOKENS, now });
  return {
    get: (key) => tokens.get(key),
    set: (key, grant) => tokens.put(key, grant, seconds || RUN_SECONDS),
    delete: (key) => tokens.delete(key),
  };
}
