import { hash, randomBytes } from "node:crypto";
import type { Store } from "./store.ts";

/**
 * Values behind secrets that are given out once: codes, request tokens, refresh tokens. The store
 * contains only the hash of a secret, so that a reader of the store cannot use its entries.
 */
export interface Secrets<Value> {
  /** Makes a new secret of 256 random bits, base64url. */
  issue(value: Value, lifetimeSeconds: number): Promise<string>;
  /** Returns the value without using up the secret. */
  find(secret: string): Promise<Value | undefined>;
  /** Uses up the secret: of two callers one gets the value. */
  take(secret: string): Promise<Value | undefined>;
}

/** @param ownerOf owner that a value is charged to */
export function createSecrets<Value>(store: Store<Value>, ownerOf: (value: Value) => string): Secrets<Value> {
  const key = (secret: string) => hash("sha256", secret, "base64url");
  return {
    async issue(value, lifetimeSeconds) {
      const secret = randomBytes(32).toString("base64url");
      await store.put(ownerOf(value), key(secret), value, lifetimeSeconds);
      return secret;
    },
    find: (secret) => store.get(key(secret)),
    take: (secret) => store.take(key(secret)),
  };
}
