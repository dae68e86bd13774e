import type { Stores } from "aauth";
import type { Hints, Jobs } from "jobs";
import type { Logger } from "pino";
import { openKeys, type ServiceKeys } from "../keys/service-keys.ts";
import { openHints, openJobs } from "./open-jobs.ts";
import { openStores } from "./open-stores.ts";
import { type StateConfig, statePlaces } from "./state-places.ts";

/** State of a service that outlives its process. */
export interface ServiceState {
  readonly stores: Stores;
  readonly keys: ServiceKeys;
  /** For a service whose work outlives its process. The service starts and closes them. */
  openJobs(): Promise<Jobs>;
  /** For a service whose replicas follow each other's rows. The service closes them. */
  openHints(): Promise<Hints>;
}

/**
 * Opens the stores and the keys that a service's settings name.
 *
 * @throws ConfigError that names the setting, for a store or key that cannot be opened, and for
 *   replicas without shared state
 */
export async function openState(
  service: string,
  config: StateConfig,
  logger: Logger,
): Promise<ServiceState & { close(): Promise<void> }> {
  const { store, keysFolder } = statePlaces(service, config);
  const keys = await openKeys({ folder: keysFolder, service, logger });
  try {
    const { replayStore } = config;
    const secret = () => keys.secret("store");
    const stores = await openStores({ service, store, replayStore, secret, logger });
    return {
      stores,
      keys,
      openHints: () => openHints({ service, store }),
      openJobs: () => openJobs({ service, store, stores, log: logger }),
      async close() {
        keys.close();
        await stores.close();
      },
    };
  } catch (error) {
    keys.close();
    throw error;
  }
}
