import type { RecordStore } from "aauth";
import { digestOf, newSecret } from "agent-kit/service";

/**
 * Values that are found by a secret: codes, request tokens, refresh tokens. The store contains only
 * the hash of a secret, so that a reader of the store cannot use its entries.
 */
export interface Secrets<Value> {
  /** Creates a secret of 256 random bits, base64url. */
  issue(value: Value, lifetimeSeconds: number): Promise<string>;
  /** Returns the value without using up the secret. */
  find(secret: string): Promise<Value | undefined>;
  /** Uses up the secret: of two callers, only one gets the value. */
  take(secret: string): Promise<Value | undefined>;
}

/**
 * Creates secrets over a store that replicas share. All methods reject with StoreUnavailableError.
 *
 * @param ownerOf owner that a value is charged to; without room for another one, `issue` rejects
 * with StoreFullError
 */
export function createSecrets<Value>(
  store: RecordStore<Value>,
  ownerOf: (value: Value) => string,
): Secrets<Value> {
  return {
    async issue(value, lifetimeSeconds) {
      const secret = newSecret();
      await store.put(digestOf(secret), value, { owner: ownerOf(value), ttlSeconds: lifetimeSeconds });
      return secret;
    },
    find: async (secret) => store.get(digestOf(secret)),
    take: async (secret) => store.take(digestOf(secret)),
  };
}
