/**
 * Claim stores in Valkey (or Redis 7 and later), for any number of processes.
 *
 * @module
 */

import { StoreUnavailableError } from "aauth";
import { Redis } from "iovalkey";
import { StoreSetupError } from "../errors.ts";
import { claimQuotas, type Quota, requireLifetime } from "../quota.ts";
import { storedKey } from "../stored-key.ts";
import { DEADLINE_MS, type Deadline, type OpenClaims } from "../stores.ts";
import { CLAIM_SCRIPT, CLAIM_SCRIPT_SHA } from "./claim-script.ts";

/** Address of a server, and the deadline of its calls. */
export interface ValkeyOptions extends Deadline {
  /** `valkey://`, `redis://` or with TLS `rediss://`, with user and password, and the database. */
  readonly url: string;
}

const NO_EVICTION = "noeviction";
const MOST_RECONNECT_MS = 500;
/** Minimum time between two checks of one connection. */
const RECHECK_MS = 1_000;

/**
 * Connects to a server for claims. All processes that use the server share its claims; lifetimes
 * use the server's clock. A lost connection is reestablished automatically. Until then each call is
 * rejected at once. A failover to a replica may lose the last claims.
 *
 * @throws StoreSetupError if the login fails, or `maxmemory-policy` is not `noeviction`
 * @throws StoreUnavailableError if the server does not answer
 *
 * @example
 * const stores = await openValkeyClaims({ url: "valkey://127.0.0.1:6379" });
 * const replayStore = stores.claims("nonces");
 */
export async function openValkeyClaims(options: ValkeyOptions): Promise<OpenClaims> {
  const connection = new Connection(options);
  await connection.open();
  return {
    claims(name, bounds) {
      const quotaOf = claimQuotas(bounds);
      const prefix = `aauth:{${name}}:`;
      return {
        async putIfAbsent(key, { ttlSeconds, owner, quota }) {
          requireLifetime(ttlSeconds);
          const ttlMs = Math.ceil(ttlSeconds * 1000);
          const keys = [`${prefix}claim:${storedKey(key)}`, `${prefix}ends`, `${prefix}counts`] as const;
          const answer = await connection.claim(keys, ttlMs, quotaOf({ owner: storedKey(owner), quota }));
          return answer === -1 ? "full" : answer === 1;
        },
      };
    },
    close: () => connection.close(),
  };
}

type ClaimKeys = readonly [claim: string, ends: string, counts: string];

class Connection {
  readonly #client: Redis;
  readonly #name: string;
  /** Settles once the memory policy of the connected server is known. */
  #checked: Promise<void> = Promise.resolve();
  #checkedAt = 0;

  constructor({ url, deadlineMs = DEADLINE_MS }: ValkeyOptions) {
    this.#name = URL.parse(url)?.host ?? "url";
    this.#client = new Redis(url, {
      lazyConnect: true,
      connectTimeout: deadlineMs,
      commandTimeout: deadlineMs,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      retryStrategy: (attempt) => Math.min(attempt * 50, MOST_RECONNECT_MS),
    });
    // Each command rejects with its own error.
    this.#client.on("error", () => {});
  }

  async open(): Promise<void> {
    let failure: unknown;
    const note = (error: unknown) => {
      failure ??= error;
    };
    this.#client.on("error", note);
    try {
      await this.#client.connect();
      await this.#requireNoEviction();
    } catch (error) {
      this.#client.disconnect();
      if (error instanceof StoreSetupError) throw error;
      const cause = failure ?? error;
      if (/^(?:WRONGPASS|NOAUTH|ERR AUTH)/.test((cause as Error).message)) {
        throw new StoreSetupError("store_login_failed", `url: ${this.#name} rejects user or password`, {
          cause,
        });
      }
      throw new StoreUnavailableError(this.#name, { cause });
    } finally {
      this.#client.off("error", note);
    }
    // After a failover this may be another server.
    this.#client.on("ready", () => this.#check());
  }

  #check(): void {
    this.#checkedAt = performance.now();
    this.#checked = this.#requireNoEviction();
    this.#checked.catch(() => {});
  }

  /**
   * Repeats a failed check: the server may have been slow, or its policy corrected in the meantime.
   */
  async #requireChecked(): Promise<void> {
    try {
      await this.#checked;
    } catch {
      if (performance.now() - this.#checkedAt >= RECHECK_MS) this.#check(); // hole V5
      await this.#checked;
    }
  }

  /** @throws StoreUnavailableError */
  async claim(keys: ClaimKeys, ttlMs: number, quota: Quota): Promise<unknown> {
    const { room, owner, maxEntries, maxInRoom, maxOfOwner } = quota;
    const args = [...keys, ttlMs, room, owner, maxEntries, maxInRoom, maxOfOwner];
    try {
      await this.#requireChecked();
      return await this.#run(args);
    } catch (error) {
      // The server's memory is full and nothing was claimed: the same result as for a full quota.
      if ((error as Error).message.startsWith("OOM")) return -1;
      throw new StoreUnavailableError(this.#name, { cause: error });
    }
  }

  async #run(args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.#client.evalsha(CLAIM_SCRIPT_SHA, 3, ...args);
    } catch (error) {
      if (!(error as Error).message.startsWith("NOSCRIPT")) throw error;
      return this.#client.eval(CLAIM_SCRIPT, 3, ...args);
    }
  }

  /** @throws StoreSetupError */
  async #requireNoEviction(): Promise<void> {
    const memory = await this.#client.info("memory");
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
    const setting = `maxmemory-policy of ${this.#name} is ${policy}`;
    // hole V1
    if (policy !== NO_EVICTION) {
      throw new StoreSetupError("store_evicts", `${setting}: it must be ${NO_EVICTION}`);
    }
  }

  async close(): Promise<void> {
    this.#client.disconnect();
  }
}
