import { createMemoryStores, type Stores, StoreUnavailableError } from "aauth";
import {
  encryptStores,
  type OpenClaims,
  type OpenStores,
  StoreRecordError,
  StoreSetupError,
  type Unreadable,
} from "aauth-stores";
import type { Logger } from "pino";
import { ConfigError } from "../config/config-error.ts";
import type { StoreAddress } from "./store-settings.ts";

/** Exceeds the lifetime of any entry. */
const MARK_SECONDS = 10 * 365 * 86_400;

/**
 * Opens the stores of a service. In a shared database, the service's name is their prefix, because
 * a gateway's check and the agent behind it each claim the signature of the same request.
 *
 * @param options.secret key of 32 bytes that encrypts all records outside memory
 * @throws ConfigError that names the setting, for a store that cannot be opened, does not respond,
 *   or was written with another secret
 */
export async function openStores(options: {
  readonly service: string;
  readonly store: StoreAddress;
  readonly replayStore: string | undefined;
  readonly secret: () => Promise<Uint8Array>;
  readonly logger: Logger;
}): Promise<OpenStores> {
  const { service, store, replayStore, secret, logger } = options;
  // Their owner still sees, and can revoke, the other entries.
  const onUnreadable = ({ code, store }: StoreRecordError) =>
    logger.error({ code, store }, "An entry of a store cannot be read");
  const opened: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const each of opened.toReversed()) await each.close();
  };
  const open = async <Opened extends (typeof opened)[number]>(
    name: string,
    opening: () => Promise<Opened>,
  ): Promise<Opened> => {
    try {
      const store = await opening();
      opened.push(store);
      return store;
    } catch (error) {
      if (!(error instanceof StoreSetupError || error instanceof StoreUnavailableError)) throw error;
      throw new ConfigError(service, [{ name, message: `${error.message} (${error.code})` }]);
    }
  };
  const named = (name: string) => `${service} ${name}`;
  try {
    const records = await open("AAUTH_STORE", () => openRecords(store, service, { onUnreadable }));
    const claims =
      replayStore === undefined ? records : await open("AAUTH_REPLAY_STORE", () => openClaims(replayStore));
    const encrypted =
      store.kind === "memory" ? records : encryptStores(records, { keys: [await secret()], onUnreadable });
    const stores: Stores = {
      claims: (name, bounds) => claims.claims(named(name), bounds),
      records: (name, bounds) => encrypted.records(named(name), bounds),
    };
    const knownSince = await requireKey(stores, service);
    return { ...stores, knownSince: records.knownSince ?? knownSince, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * @returns when the store was first opened, Unix seconds, since which it is complete
 * @throws ConfigError if the store was written with another key, so that no entry can be read
 */
async function requireKey({ records }: Stores, service: string): Promise<number | undefined> {
  const marks = records<number>("key of this store");
  const now = Math.floor(Date.now() / 1000);
  try {
    await marks.putIfAbsent("mark", now, { owner: "mark", ttlSeconds: MARK_SECONDS });
    return await marks.get("mark");
  } catch (error) {
    if (!(error instanceof StoreRecordError)) throw error;
    const message =
      "has another key than the one that AAUTH_STORE was written with: put that back, or start empty";
    throw new ConfigError(service, [{ name: "AAUTH_KEYS", message }]);
  }
}

// A database's client is loaded only if it is used.
async function openRecords(
  store: StoreAddress,
  service: string,
  unreadable: Unreadable,
): Promise<OpenStores> {
  switch (store.kind) {
    case "memory":
      return { ...createMemoryStores(), close: async () => {} };
    case "sqlite": {
      const { openSqliteStores } = await import("aauth-stores/sqlite");
      return openSqliteStores({ path: `${store.folder}/${service}.db`, ...unreadable });
    }
    case "postgres": {
      const { openPostgresStores } = await import("aauth-stores/postgres");
      return openPostgresStores({ url: store.url, ...unreadable });
    }
  }
}

async function openClaims(url: string): Promise<OpenClaims> {
  const { openValkeyClaims } = await import("aauth-stores/valkey");
  return openValkeyClaims({ url });
}
