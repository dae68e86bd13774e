/**
 * The option `key` of parties that sign.
 *
 * @module
 */

import type { SigningKey } from "../types.ts";
import type { KeyRing } from "./key-ring.ts";

/** The part of a ring that a party uses. */
export type PartyKeys = Pick<KeyRing, "current" | "usable" | "published">;

/**
 * The ring of an option; for a single key, the ring that has only it.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for anything else, such as a key that was not awaited or
 *   cannot sign
 */
export function keyRingOf(key: SigningKey | KeyRing): PartyKeys {
  const isRing = ["current", "usable", "published"].every(
    (name) => typeof memberOf(key, name) === "function",
  );
  if (isRing) return key as KeyRing;
  requireSigningKey("key", key, "a SigningKey or a KeyRing");
  const own = [key];
  return { current: () => own[0]!, usable: () => own, published: () => own };
}

/** @throws TypeError `ERR_INVALID_ARG_TYPE` unless `key` can sign */
export function requireSigningKey(
  name: string,
  key: unknown,
  wanted = "a SigningKey",
): asserts key is SigningKey {
  if (typeof memberOf(key, "sign") !== "function" || typeof memberOf(key, "kid") !== "string")
    throw invalidKey(name, wanted, key);
}

/** Names the kind of a value in place of a key. Never the value itself, which may be secret. */
export function invalidKey(name: string, wanted: string, key: unknown): TypeError {
  const isJwk = (memberOf(key, "kty") ?? memberOf(key, "publicJwk")) !== undefined;
  const found = isJwk
    ? "a public key or a JWK: importSigningKey() makes a signing key of a private JWK"
    : typeof memberOf(key, "then") === "function"
      ? "a promise: await it"
      : key === null
        ? "null"
        : typeof key;
  return Object.assign(new TypeError(`${name} must be ${wanted}, not ${found}`), {
    code: "ERR_INVALID_ARG_TYPE",
  });
}

const memberOf = (value: unknown, name: string): unknown =>
  (Object(value) as Readonly<Record<string, unknown>>)[name];
