import type { KeyRing } from "../keys/key-ring.ts";
import { isPromise } from "../keys/option-checks.ts";
import { confirmationKey } from "../tokens/claim-checks.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import type { SigningKey } from "../types.ts";

/** What an agent signs with: the key of now, and those that still sign for the tokens bound to them. */
export type AgentKeys = Pick<KeyRing, "current" | "usable">;

/**
 * The keys behind the option `key` of an agent.
 *
 * @throws TypeError when it is none: a JWK that was not imported, or the promise of a key. What a function returns is looked at when it is
 * asked.
 */
export function agentKeysOf(key: SigningKey | (() => SigningKey) | KeyRing): AgentKeys {
  if (typeof key === "function") {
    const current = () => returnedKey(key());
    return { current, usable: () => [current()] };
  }
  const { usable, sign } = (key ?? {}) as Partial<KeyRing & SigningKey>;
  if (typeof usable === "function") return key as KeyRing;
  if (typeof sign !== "function") {
    const hint = isPromise(key) ? ", and is a promise: await it" : "";
    throw new TypeError(`key must be a signing key, a function that returns one, or a key ring${hint}`);
  }
  return { current: () => key as SigningKey, usable: () => [key as SigningKey] };
}

function returnedKey(key: SigningKey): SigningKey {
  if (typeof key?.sign === "function") return key;
  const hint = isPromise(key) ? ", and returned a promise: it has to answer at once" : "";
  throw new TypeError(`key must be a function that returns a signing key${hint}`);
}

/** The one key with this thumbprint, as long as it is held; all of them without a thumbprint, or when it is gone. */
export function pinnedTo(thumbprint: string | undefined, keys: AgentKeys): AgentKeys {
  const key = thumbprint && keys.usable().find((candidate) => candidate.thumbprint === thumbprint);
  return key ? { current: () => key, usable: () => [key] } : keys;
}

/** The key a token is bound to, where it is still held; else the current one, which the resource will refuse. */
export async function keyBoundIn(token: string, keys: AgentKeys): Promise<SigningKey> {
  const candidates = keys.usable();
  if (candidates.length === 1) return candidates[0]!;
  try {
    const { thumbprint } = await confirmationKey(decodeJwt(token).claims, ["Ed25519", "ES256"]);
    return keyWith(thumbprint, keys);
  } catch {
    return keys.current(); // an unreadable token is the resource's to refuse
  }
}

/** The key with this thumbprint; the current one when it is gone. */
export function keyWith(thumbprint: string | undefined, keys: AgentKeys): SigningKey {
  return keys.usable().find((key) => key.thumbprint === thumbprint) ?? keys.current();
}
