import { AAuthVerificationError } from "../errors.ts";
import { PRIVATE_MEMBERS } from "../keys/verification-key.ts";
import { isText, isTextList } from "../shapes.ts";
import type { IssuerJwk, Jwks } from "../types.ts";

const MAX_KEYS = 100;

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads a key set. Keys that are symmetric, carry private members or have a member of the wrong
 * shape are left out, so they can never be chosen; one bad key does not make its neighbours
 * unusable. Of a key only the members are kept that say what it is and what it is for: certificates
 * are not looked at, and whatever else an unknown party puts there would only fill the memory.
 *
 * @throws AAuthError `discovery_failed` when there is no `keys` array or it is longer than 100.
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
  if (!isText(members.kty) || members.kty === "oct") return [];
  if (PRIVATE_MEMBERS.some((name) => name in members)) return [];
  const kept: Record<string, unknown> = {};
  for (const name of KEY_MEMBERS) {
    const value = members[name];
    if (value === undefined) continue;
    if (!isText(value)) return [];
    kept[name] = value;
  }
  const { key_ops: operations } = members;
  if (operations !== undefined) {
    if (!isTextList(operations)) return [];
    // What it is said to be good for beside that counts for nothing here.
    kept.key_ops = operations.includes("verify") ? ["verify"] : [];
  }
  return [kept as unknown as IssuerJwk];
}

function failed(reason: string): AAuthVerificationError {
  return new AAuthVerificationError("discovery_failed", reason);
}
