/**
 * Durable stores for AAuth: types and errors that the entry points `aauth-stores/sqlite`,
 * `aauth-stores/postgres` and `aauth-stores/valkey` share, and encryption of records.
 *
 * @module
 */

export type { EncryptedRecord, EncryptionOptions } from "./encrypt-records.ts";
export { encryptRecords } from "./encrypt-records.ts";
export type { StoreSetupCode } from "./errors.ts";
export { StoreRecordError, StoreSetupError } from "./errors.ts";
export type { Deadline, OpenClaims, OpenStores } from "./stores.ts";
