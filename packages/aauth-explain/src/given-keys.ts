import { AAuthVerificationError, type Discovery } from "aauth";
import { InputError, textOfInput } from "./read/input-error.ts";
import type { GivenJwk } from "./rfc9421/public-key.ts";

/** Code of a check whose key was not given. */
export const MISSING_KEYS = "discovery_failed";

interface KeySet {
  readonly keys: readonly GivenJwk[];
}

/** Keys from documents, in place of discovery. */
export interface GivenKeys {
  /** Keys of the documents; `key` of an identifier without one is asked of `otherwise`. */
  readonly discovery: Discovery;
  /** Every key that was given. */
  readonly keys: readonly GivenJwk[];
}

/**
 * Keys from documents: a key set or a single JWK, which then applies to every identifier, or an
 * object of key sets by identifier.
 *
 * @param documents their JSON
 * @param otherwise default: nothing is fetched
 * @throws InputError `malformed_jwks`; `private_key` for a document with one, `input_too_large`
 */
export function givenKeys(documents: readonly string[], otherwise?: Discovery): GivenKeys {
  const sets = documents.map(readKeySets);
  const keysFor = (id: string) => sets.flatMap((set) => (set["*"] ?? set[id])?.keys ?? []);
  const none = (id: string): never => {
    throw new AAuthVerificationError(
      MISSING_KEYS,
      `nothing is fetched here: give the keys of ${id} with --jwks FILE`,
    );
  };
  const missing = (id: string, kid?: string): never => {
    if (keysFor(id).length === 0) none(id);
    throw new AAuthVerificationError(MISSING_KEYS, `the files have no key "${kid}" of ${id}`);
  };
  const given = discoveryOf(keysFor, missing);
  return {
    discovery: {
      ...given,
      key: async (kind, id, kid) =>
        (otherwise && keysFor(id).length === 0 ? otherwise : given).key(kind, id, kid),
    },
    keys: sets.flatMap((set) => Object.values(set).flatMap(({ keys }) => keys)),
  };
}

/**
 * Known keys in place of discovery, for any recorded message. Fetches nothing.
 *
 * @param missing throws for a key, or without `kid` a document, that is not there
 */
export const discoveryOf = (
  keysFor: (id: string) => readonly GivenJwk[],
  missing: (id: string, kid?: string) => never,
): Discovery => ({
  metadata: async (_kind, id) => missing(id),
  key: async (_kind, id, kid) => ({
    jwk: (keysFor(id).find((key) => kid === undefined || key.kid === kid) ?? missing(id, kid)) as never,
    source: "discovery",
  }),
  replacedKey: async () => undefined,
  keys: async (_kind, id) => ({ keys: keysFor(id) as never }),
});

function readKeySets(document: string): Record<string, KeySet> {
  const malformed = (why: string) => new InputError("malformed_jwks", `the file of keys is ${why}`);
  let value: unknown;
  try {
    value = JSON.parse(textOfInput(document));
  } catch (error) {
    throw error instanceof InputError ? error : malformed("not JSON");
  }
  if (isKeySet(value)) return { "*": value };
  if (isJwk(value)) return { "*": { keys: [value] } };
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  if (entries.length === 0 || !entries.every(([, set]) => isKeySet(set)))
    throw malformed('neither {"keys":[…]} nor {"identifier":{"keys":[…]}}');
  return Object.fromEntries(entries) as Record<string, KeySet>;
}

const isJwk = (value: unknown): value is GivenJwk =>
  typeof value === "object" && value !== null && typeof (value as GivenJwk).kty === "string";

const isKeySet = (value: unknown): value is KeySet =>
  Array.isArray((value as Partial<KeySet> | null)?.keys) && (value as KeySet).keys.every(isJwk);
