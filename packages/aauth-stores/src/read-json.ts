import { StoreRecordError } from "./errors.ts";

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
