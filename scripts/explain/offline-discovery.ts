import { AAuthVerificationError, type Discovery } from "aauth";
import { ExplainInputError } from "./explain-input-error.ts";

/** Code of a check whose keys are in no file. */
export const MISSING_KEYS = "discovery_failed";

interface KeySet {
  readonly keys: readonly { readonly kid?: unknown; readonly kty: string }[];
}

/**
 * A discovery that fetches nothing: keys come only from files. A file contains a key set, which
 * then applies to every identifier, or an object of key sets by identifier.
 *
 * @param texts contents of the files
 * @throws ExplainInputError `malformed_jwks`
 */
export function offlineDiscovery(texts: readonly string[]): Discovery {
  const sets = texts.map(readKeySets);
  const keysFor = (id: string) =>
    sets.flatMap((set) => ("*" in set ? set["*"]!.keys : (set[id]?.keys ?? [])));
  const none = (id: string): never => {
    throw new AAuthVerificationError(
      MISSING_KEYS,
      `nothing is fetched here: give the keys of ${id} with --jwks FILE`,
    );
  };
  const find = (id: string, kid: string | undefined) => {
    const keys = keysFor(id);
    if (keys.length === 0) none(id);
    const jwk = kid === undefined ? keys[0] : keys.find((key) => key.kid === kid);
    if (jwk === undefined)
      throw new AAuthVerificationError(MISSING_KEYS, `the files have no key "${kid}" of ${id}`);
    return jwk as never;
  };
  return {
    metadata: async (_kind, id) => none(id),
    key: async (_kind, id, kid) => ({ jwk: find(id, kid), source: "discovery" }),
    replacedKey: async () => undefined,
    keys: async (_kind, id) => ({ keys: keysFor(id) as never }),
  };
}

function readKeySets(text: string): Record<string, KeySet> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ExplainInputError("malformed_jwks", "the file of keys is not JSON");
  }
  if (isKeySet(value)) return { "*": value };
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (entries.length === 0 || !entries.every(([, set]) => isKeySet(set))) {
    throw new ExplainInputError(
      "malformed_jwks",
      'the file of keys is neither {"keys":[…]} nor {"identifier":{"keys":[…]}}',
    );
  }
  return Object.fromEntries(entries);
}

function isKeySet(value: unknown): value is KeySet {
  return typeof value === "object" && value !== null && Array.isArray((value as KeySet).keys);
}
