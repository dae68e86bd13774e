import type { Stores } from "aauth";

/** Claim stores and record stores in one database. All processes must pass the same bounds. */
export interface OpenStores extends Stores, Closable {}

/** Claim stores in one database. */
export interface OpenClaims extends Pick<Stores, "claims">, Closable {}

interface Closable {
  /** Ends the connections. The stores reject all calls afterwards. */
  close(): Promise<void>;
}

/** Maximum duration of a call. */
export interface Deadline {
  /** Milliseconds until `StoreUnavailableError`. Default 2000. */
  readonly deadlineMs?: number | undefined;
}

/** Default of {@link Deadline}. */
export const DEADLINE_MS = 2_000;
