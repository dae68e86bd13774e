import { type Stores, StoreUnavailableError } from "aauth";
import { createLocalHints, createLocalJobs, type Hints, type JobRow, type Jobs, type JobsLog } from "jobs";
import { ConfigError } from "../config/config-error.ts";
import type { StoreAddress } from "./store-settings.ts";

interface WorkOptions {
  readonly service: string;
  readonly store: StoreAddress;
  /** Stores at that address. */
  readonly stores: Stores;
  readonly log: JobsLog;
}

/**
 * Opens the jobs of a service: shared by its replicas if the store is PostgreSQL, otherwise for
 * this process, with their rows in the store. The caller starts and closes them.
 *
 * @throws ConfigError if the database does not respond
 */
export async function openJobs({ service, store, stores, log }: WorkOptions): Promise<Jobs> {
  if (store.kind !== "postgres") return createLocalJobs({ records: stores.records<JobRow>("jobs"), log });
  // A database's client is loaded only if it is used.
  const { openPostgresJobs } = await import("jobs/postgres");
  try {
    return await openPostgresJobs({ url: store.url, service, log });
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    const message = `${error.message} (${error.code})`;
    throw new ConfigError(service, [{ name: "AAUTH_STORE", message }]);
  }
}

/** Opens the hints of a service, for all its replicas. The caller closes them. */
export async function openHints({ service, store }: Pick<WorkOptions, "service" | "store">): Promise<Hints> {
  if (store.kind !== "postgres") return createLocalHints();
  const { openPostgresHints } = await import("jobs/postgres");
  return openPostgresHints({ url: store.url, service });
}
