import { StoreUnavailableError } from "aauth";

/** The failure of the backend's own store that has ended a call. Undefined for other failures. */
export function storeErrorOf(error: unknown): StoreUnavailableError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof StoreUnavailableError) return at;
  }
  return undefined;
}
