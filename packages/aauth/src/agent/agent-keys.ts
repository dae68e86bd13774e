import type { KeyRing } from "../keys/key-ring.ts";
import { confirmationKey } from "../tokens/claim-checks.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import type { SigningKey } from "../types.ts";

/**
 * What an agent signs with: the key of now, and those that still sign for the tokens bound to them.
 */
export type AgentKeys = Pick<KeyRing, "current" | "usable">;

/** The keys behind the option `key` of an agent. */
export function agentKeysOf(key: SigningKey | (() => SigningKey) | KeyRing): AgentKeys {
  if ("usable" in key) return key;
  const current = typeof key === "function" ? key : () => key;
  return { current, usable: () => [current()] };
}

/**
 * The one key with this thumbprint, as long as it is held; all of them without a thumbprint, or
 * when it is gone.
 */
export function pinnedTo(thumbprint: string | undefined, keys: AgentKeys): AgentKeys {
  const key = thumbprint && keys.usable().find((candidate) => candidate.thumbprint === thumbprint);
  return key ? { current: () => key, usable: () => [key] } : keys;
}

/**
 * The key a token is bound to, where it is still held; else the current one, which the resource
 * will refuse.
 */
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
