/**
 * Durable stores for AAuth: what their entry points `aauth-stores/sqlite`, `aauth-stores/postgres`
 * and `aauth-stores/valkey` share, and encryption of what they keep.
 *
 * @module
 */

export type { EncryptedRecord, EncryptionOptions } from "./encrypt-records.ts";
export { encryptRecords } from "./encrypt-records.ts";
export type { StoreSetupCode } from "./errors.ts";
export { StoreRecordError, StoreSetupError } from "./errors.ts";
export type { ClaimStores, Deadline, StoreBounds, Stores } from "./stores.ts";
