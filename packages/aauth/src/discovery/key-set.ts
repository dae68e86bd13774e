import { AAuthVerificationError } from "../errors.ts";
import { isNonEmptyString, isStringList } from "../json-guards.ts";
import { PRIVATE_MEMBERS } from "../keys/verification-key.ts";
import type { IssuerJwk, Jwks } from "../types.ts";

const MAX_KEYS = 100;

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads a key set. Keys that are symmetric, have private members or a malformed member are dropped,
 * without affecting other keys. Only the members that describe the key and its use are kept:
 * certificates are not used, and other members of an untrusted party would waste memory.
 *
 * @throws AAuthError `discovery_failed` if there is no `keys` array, or it has more than 100 keys
 */
export function readJwks(document: unknown): Jwks {
  const { keys } = (document ?? {}) as Members;
  if (!Array.isArray(keys)) throw failed("the key set has no keys array");
  if (keys.length > MAX_KEYS) throw failed(`the key set has more than ${MAX_KEYS} keys`);
  return { keys: keys.flatMap(readPublicJwk) };
}

const KEY_MEMBERS = ["kid", "kty", "use", "alg", "crv", "x", "y", "n", "e"];

function readPublicJwk(key: unknown): IssuerJwk[] {
  if (typeof key !== "object" || key === null) return [];
  const members = key as Members;
  if (!isNonEmptyString(members.kty) || members.kty === "oct") return [];
  if (PRIVATE_MEMBERS.some((name) => name in members)) return [];
  const kept: Record<string, unknown> = {};
  for (const name of KEY_MEMBERS) {
    const value = members[name];
    if (value === undefined) continue;
    if (!isNonEmptyString(value)) return [];
    kept[name] = value;
  }
  const { key_ops: operations } = members;
  if (operations !== undefined) {
    if (!isStringList(operations)) return [];
    // Other operations are irrelevant here.
    kept.key_ops = operations.includes("verify") ? ["verify"] : [];
  }
  return [kept as unknown as IssuerJwk];
}

function failed(reason: string): AAuthVerificationError {
  return new AAuthVerificationError("discovery_failed", reason);
}
