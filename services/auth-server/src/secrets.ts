import { hash, randomBytes } from "node:crypto";
import type { KeyValueStore } from "aauth";

/**
 * Values behind secrets that are handed out once: codes, request tokens, refresh tokens. The store sees the hash of a secret only, so
 * that whoever reads the store cannot use what is in it.
 */
export interface Secrets<Value> {
  /** Makes a new secret of 256 random bits, base64url. */
  issue(value: Value, lifetimeSeconds: number): Promise<string>;
  /** Looks without using the secret up. */
  find(secret: string): Promise<Value | undefined>;
  /** Uses the secret up: of two callers one gets the value. */
  take(secret: string): Promise<Value | undefined>;
}

/** @param store a shared one for what callers that have proven nothing can have issued: a full store drops its oldest, which must not be somebody else's */
export function createSecrets<Value>(
  store: Pick<KeyValueStore<Value>, "get" | "put" | "take">,
): Secrets<Value> {
  const key = (secret: string) => hash("sha256", secret, "base64url");
  return {
    async issue(value, lifetimeSeconds) {
      const secret = randomBytes(32).toString("base64url");
      await store.put(key(secret), value, lifetimeSeconds);
      return secret;
    },
    find: async (secret) => store.get(key(secret)),
    take: async (secret) => store.take(key(secret)),
  };
}
