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
  const member = (name: string) => (Object(key) as Readonly<Record<string, unknown>>)[name];
  const isRing = ["current", "usable", "published"].every((name) => typeof member(name) === "function");
  if (isRing) return key as KeyRing;
  if (typeof member("sign") !== "function" || typeof member("kid") !== "string") throw notAKey(key, member);
  const own = [key as SigningKey];
  return { current: () => own[0]!, usable: () => own, published: () => own };
}

function notAKey(key: unknown, member: (name: string) => unknown): TypeError {
  const what =
    typeof member("then") === "function"
      ? "a promise: await it"
      : member("kty") !== undefined || member("publicJwk") !== undefined
        ? "a public key or a JWK: importSigningKey() makes a signing key of a private JWK"
        : // Never its value, which may be secret.
          key === null
          ? "null"
          : typeof key;
  const error = new TypeError(`key must be a SigningKey or a KeyRing, not ${what}`);
  return Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
}
