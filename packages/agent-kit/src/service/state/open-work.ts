import { type Stores, StoreUnavailableError } from "aauth";
import { createLocalHints, createLocalJobs, type Hints, type JobRow, type Jobs, type JobsLog } from "jobs";
import { ConfigError } from "../config/config-error.ts";
import type { StoreAddress } from "./store-settings.ts";

/** Work that outlives its process, and hints for all replicas that a row has changed. */
export interface Work {
  /** To be started when its queues have handlers, and closed. */
  readonly jobs: Jobs;
  /** To be closed. */
  readonly hints: Hints;
}

/**
 * Opens the work of a service: shared by its replicas where the store is PostgreSQL, otherwise of
 * this process, with its rows in the store.
 *
 * @throws ConfigError where the database does not answer
 */
export async function openWork(options: {
  readonly service: string;
  readonly store: StoreAddress;
  /** Those of the same store. */
  readonly stores: Stores;
  readonly log: JobsLog;
}): Promise<Work> {
  const { service, store, stores, log } = options;
  if (store.kind !== "postgres") {
    return {
      jobs: createLocalJobs({ records: stores.records<JobRow>("jobs"), log }),
      hints: createLocalHints(),
    };
  }
  // A database's client is loaded where it is used.
  const { openPostgresHints, openPostgresJobs } = await import("jobs/postgres");
  const { url } = store;
  try {
    return {
      jobs: await openPostgresJobs({ url, service, log }),
      hints: openPostgresHints({ url, service }),
    };
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    const message = `${error.message} (${error.code})`;
    throw new ConfigError(service, [{ name: "AAUTH_STORE", message }]);
  }
}
