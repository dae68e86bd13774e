import type { PartyKeys } from "../keys/key-option.ts";
import { confirmationKey } from "../tokens/claim-checks.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import type { SigningKey } from "../types.ts";

/**
 * Keys of an agent: the current one, and earlier ones that still sign for the tokens bound to them.
 */
export type AgentKeys = Pick<PartyKeys, "current" | "usable">;

/**
 * Restricts `keys` to the one with this thumbprint. Returns all of them without a thumbprint, or if
 * that key is no longer held.
 */
export function pinnedTo(thumbprint: string | undefined, keys: AgentKeys): AgentKeys {
  const key = thumbprint && keys.usable().find((candidate) => candidate.thumbprint === thumbprint);
  return key ? { current: () => key, usable: () => [key] } : keys;
}

/**
 * The key that a token is bound to, if still held; otherwise the current one, which the resource
 * will refuse.
 */
export async function keyBoundIn(token: string, keys: AgentKeys): Promise<SigningKey> {
  const candidates = keys.usable();
  if (candidates.length === 1) return candidates[0]!;
  try {
    const { thumbprint } = await confirmationKey(decodeJwt(token).claims, ["Ed25519", "ES256"]);
    return keyWith(thumbprint, keys);
  } catch {
    return keys.current(); // The resource refuses an unreadable token.
  }
}

/** The key with this thumbprint, or the current one if it is no longer held. */
export function keyWith(thumbprint: string | undefined, keys: AgentKeys): SigningKey {
  return keys.usable().find((key) => key.thumbprint === thumbprint) ?? keys.current();
}
