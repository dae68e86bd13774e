/** Codes of {@link StoreSetupError}. */
export type StoreSetupCode =
  /** The folder or file cannot be written, or is not a database. */
  | "store_not_writable"
  | "store_login_failed"
  /** A newer version of this package has migrated the database. */
  | "store_schema_newer"
  /** The server drops entries when its memory is full: a dropped claim lets a replay pass. */
  | "store_evicts";

/** A store that cannot be opened with its configuration. Retrying does not help. */
export class StoreSetupError extends Error {
  override readonly name = "StoreSetupError";
  readonly code: StoreSetupCode;

  /** @param message names the setting; never an address with a password */
  constructor(code: StoreSetupCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An entry that cannot be read: it was changed, moved, or encrypted with another key. */
export class StoreRecordError extends Error {
  override readonly name = "StoreRecordError";
  readonly code = "store_record_unreadable";

  /** Name of the record store. */
  readonly store: string;

  constructor(store: string, options?: ErrorOptions) {
    super(`an entry of ${store} cannot be read`, options);
    this.store = store;
  }
}
