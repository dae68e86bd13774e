import type { KeyValueStore } from "../../src/index.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";
import { authToken, keys, NOW, PERSON_SERVER, personToken, requestOf, verifierOf } from "../draft-11/kit.ts";

export const clockOf = () => createTestClock(NOW);

/**
 * A store outside of the process: each operation takes a while, and what comes out has been written as JSON. Shared by the processes of a
 * test.
 */
export function outsideStore<Value>(now: () => number): KeyValueStore<Value> {
  const entries = new Map<string, { readonly text: string; readonly expiresAt: number }>();
  const textOf = (key: string) => {
    const entry = entries.get(key);
    return entry !== undefined && now() < entry.expiresAt ? entry.text : undefined;
  };
  const read = (key: string): Value | undefined => {
    const text = textOf(key);
    return text === undefined ? undefined : (JSON.parse(text) as Value);
  };
  const write = (key: string, value: Value, ttlSeconds: number) =>
    void entries.set(key, { text: JSON.stringify(value), expiresAt: now() + ttlSeconds });
  return {
    async get(key) {
      await nextTurn();
      return read(key);
    },
    async put(key, value, ttlSeconds) {
      await nextTurn();
      write(key, value, ttlSeconds);
    },
    async putIfAbsent(key, value, ttlSeconds) {
      await nextTurn();
      if (textOf(key) !== undefined) return false;
      write(key, value, ttlSeconds);
      return true;
    },
    async take(key) {
      await nextTurn();
      const value = read(key);
      entries.delete(key);
      return value;
    },
    async delete(key) {
      await nextTurn();
      entries.delete(key);
    },
  };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** The resource's verifier without an access server, by a clock that moves. */
export const resourceVerifier = (now: () => number) => verifierOf({ now, trustedIssuers: [PERSON_SERVER] });

type Sign = NonNullable<Parameters<typeof requestOf>[0]>;

/** Requests that show a token. */
export const showing = async (jwt: string, over: Sign) =>
  requestOf({ signatureKey: { scheme: "jwt", jwt }, ...over });

/** An auth token of the person server itself: three parties. */
export const ownAuthToken = (over: Parameters<typeof authToken>[0] = {}) =>
  authToken({ key: keys.person, issuer: PERSON_SERVER, ...over });

export { personToken };
