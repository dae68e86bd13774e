import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { RecordStore, StoreBounds, Stores } from "aauth";
import { StoreRecordError } from "./errors.ts";
import { readAll, type Unreadable } from "./read-json.ts";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** An entry as it is stored. */
interface EncryptedRecord {
  /** Id of the key, derived from the key. */
  readonly kid: string;
  /** Base64url of the initialization vector, the ciphertext and the tag. */
  readonly data: string;
}

/** Keys of encrypted record stores. */
export interface EncryptionOptions extends Unreadable {
  /** Keys of 32 random bytes. The first encrypts, all decrypt. Keep them outside the database. */
  readonly keys: readonly Uint8Array[];
}

/** An entry before encryption: it is bound to its key and owner. */
type Bound<Value> = readonly [key: string, owner: string, value: Value];

/**
 * Encrypts the values of all record stores with AES-256-GCM. Keys, owners and claims stay readable.
 * An entry that was changed, or moved to another key, owner or store, is rejected with
 * `StoreRecordError`.
 *
 * Does NOT detect an entry that was rolled back to an earlier value, or deleted. `list` accepts an
 * entry that was moved to another key of its owner. The lifetime is not encrypted, and a writer of
 * the database can extend it. A value that expires, such as a token, must therefore contain its
 * expiry.
 *
 * @throws RangeError without keys, or for a key that is not 32 bytes long
 *
 * @example
 * const encrypted = encryptStores(openSqliteStores({ path: ".data/aauth.db" }), { keys: [key] });
 * const tokens = encrypted.records<Token>("tokens");
 */
export function encryptStores(stores: Stores, { keys, onUnreadable }: EncryptionOptions): Stores {
  const [current] = keys;
  if (current === undefined || keys.some(({ length }) => length !== KEY_BYTES)) {
    throw new RangeError("keys must be at least one key of 32 bytes");
  }
  const byId = new Map(keys.map((key) => [idOf(key), key]));
  return {
    knownSince: stores.knownSince,
    claims: stores.claims,
    records: <Value>(name: string, bounds?: StoreBounds) =>
      encryptRecords<Value>(stores.records(name, bounds), { name, current, byId, onUnreadable }),
  };
}

function encryptRecords<Value>(
  records: RecordStore<EncryptedRecord>,
  options: Unreadable & { name: string; current: Uint8Array; byId: ReadonlyMap<string, Uint8Array> },
): RecordStore<Value> {
  const { name, current, byId } = options;

  function seal(...bound: Bound<Value>): EncryptedRecord {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, current, iv).setAAD(Buffer.from(name));
    const data = [iv, cipher.update(JSON.stringify(bound)), cipher.final(), cipher.getAuthTag()];
    return { kid: idOf(current), data: Buffer.concat(data).toString("base64url") };
  }

  function open(record: EncryptedRecord, expected: { key: string } | { owner: string }): Value {
    const [key, owner, value] = decrypt(record);
    const isBound = "key" in expected ? key === expected.key : owner === expected.owner;
    if (!isBound) throw new StoreRecordError(name); // hole V2
    return value;
  }

  function decrypt(record: EncryptedRecord): Bound<Value> {
    try {
      const { kid, data } = record;
      const bytes = Buffer.from(data, "base64url");
      const iv = bytes.subarray(0, IV_BYTES);
      const decipher = createDecipheriv(CIPHER, byId.get(kid)!, iv, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(name)).setAuthTag(bytes.subarray(-TAG_BYTES));
      const plain = [decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()];
      return JSON.parse(Buffer.concat(plain).toString());
    } catch (error) {
      throw new StoreRecordError(name, { cause: error }); // hole V8a: throw error;
    }
  }

  const openAt = (key: string, record: EncryptedRecord | undefined) =>
    record === undefined ? undefined : open(record, { key });

  return {
    async get(key) {
      const record = await records.get(key);
      try {
        return openAt(key, record);
      } catch (error) {
        if (error instanceof StoreRecordError) options.onUnreadable?.(error);
        throw error;
      }
    },
    put: (key, value, terms) => records.put(key, seal(key, terms.owner, value), terms),
    putIfAbsent: (key, value, terms) => records.putIfAbsent(key, seal(key, terms.owner, value), terms),
    take: async (key) => openAt(key, await records.take(key)),
    delete: (key) => records.delete(key),
    async update(key, change) {
      const record = await records.update(key, (before) => {
        const changed = change(openAt(key, before));
        return changed && { ...changed, value: seal(key, changed.owner, changed.value) };
      });
      return openAt(key, record);
    },
    list: async (owner) => readAll(await records.list(owner), (record) => open(record, { owner }), options),
  };
}

const idOf = (key: Uint8Array) => createHash("sha256").update(key).digest("base64url").slice(0, 11);
