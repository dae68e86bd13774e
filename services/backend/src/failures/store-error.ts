import { StoreUnavailableError } from "aauth";

/** Failure of the backend's own store that ended a call; undefined for any other failure. */
export function storeErrorOf(error: unknown): StoreUnavailableError | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof StoreUnavailableError) return at;
  }
  return undefined;
}
