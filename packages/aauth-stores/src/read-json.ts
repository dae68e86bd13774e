import { StoreRecordError } from "./errors.ts";

/** Handling of entries that cannot be read. */
export interface Unreadable {
  /**
   * Receives the error of each entry that `list` leaves out or an encrypted `get` rejects with.
   * Default: `list` rejects with it, so one unreadable entry hides all others of its owner.
   */
  readonly onUnreadable?: ((error: StoreRecordError) => void) | undefined;
}

/** Reads the entries of a list. @throws StoreRecordError as {@link Unreadable} says */
export function readAll<Stored, Value>(
  entries: readonly Stored[],
  read: (entry: Stored) => Value,
  { onUnreadable }: Unreadable,
): Value[] {
  return entries.flatMap((entry) => {
    try {
      return [read(entry)];
    } catch (error) {
      if (!(error instanceof StoreRecordError) || onUnreadable === undefined) throw error;
      onUnreadable(error);
      return []; // hole V8
    }
  });
}

/**
 * Parses a stored value.
 *
 * @throws StoreRecordError for a value that is not JSON
 */
export function readJson<Value>(store: string, text: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (error) {
    throw new StoreRecordError(store, { cause: error });
  }
}
