/**
 * Durable stores for AAuth: types and errors that the entry points `aauth-stores/sqlite`,
 * `aauth-stores/postgres` and `aauth-stores/valkey` share, and encryption of all records.
 *
 * @module
 */

export type { EncryptionOptions } from "./encrypt-stores.ts";
export { encryptStores } from "./encrypt-stores.ts";
export type { StoreSetupCode } from "./errors.ts";
export { StoreRecordError, StoreSetupError } from "./errors.ts";
export type { Unreadable } from "./read-json.ts";
export type { Deadline, OpenClaims, OpenStores } from "./stores.ts";
