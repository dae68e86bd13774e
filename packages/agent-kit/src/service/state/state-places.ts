import { ConfigError } from "../config/config-error.ts";
import type { Config } from "../config/setting.ts";
import type { StoreAddress, storeSettings } from "./store-settings.ts";

/** Settings of stores and keys. */
export type StateConfig = Config<typeof storeSettings> & {
  readonly port: number;
  readonly profile?: string | undefined;
};

/** Places of a service's state and its keys. */
export interface StatePlaces {
  readonly store: StoreAddress;
  /** Undefined: keys live as long as the process. */
  readonly keysFolder: string | undefined;
}

/**
 * Determines the places of a service's state and keys: those in its settings, otherwise folders
 * named by profile and port.
 *
 * @throws ConfigError for replicas without shared state or keys
 */
export function statePlaces(service: string, config: StateConfig): StatePlaces {
  const { port, profile, replicas } = config;
  const own = `${profile ?? service}-${port}`;
  const store = config.store ?? { kind: "sqlite", folder: `.data/${own}` };
  const keysFolder = config.keysFolder ?? (store.kind === "memory" ? undefined : `.keys/${own}`);
  const refuse = (name: string, message: string) => new ConfigError(service, [{ name, message }]);
  // hole V20a
  if (replicas > 1 && store.kind !== "postgres")
    throw refuse(
      "AAUTH_STORE",
      "must be postgres://… where AAUTH_REPLICAS is above 1: other stores are not shared",
    );
  // hole V20b
  if (replicas > 1 && config.keysFolder === undefined)
    throw refuse("AAUTH_KEYS", "must name a folder that all replicas share where AAUTH_REPLICAS is above 1");
  return { store, keysFolder };
}
