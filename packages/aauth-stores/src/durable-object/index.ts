/**
 * Stores in Durable Objects, for Workers: shared by all isolates, and without `nodejs_compat`.
 *
 * @module
 */

import {
  type RecordStore,
  type RecordTerms,
  type StoreBounds,
  StoreFullError,
  type Stores,
  StoreUnavailableError,
} from "aauth";
import { claimQuotas, recordQuotas, requireLifetime } from "../quota.ts";
import { readAll, readJson, type Unreadable } from "../read-json.ts";
import { CLOCK_SET_BACK } from "../sqlite/entries.ts";
import { DEADLINE_MS, type Deadline } from "../stores.ts";
import { storedKey } from "./stored-key.ts";
import type { Answers, Call, ObjectNamespace } from "./types.ts";

export { StoreObject } from "./store-object.ts";
export type { ObjectNamespace, ObjectStorage } from "./types.ts";

/** Deadline of calls, and handling of unreadable entries. */
export interface DurableObjectOptions extends Deadline, Unreadable {}

/**
 * Creates stores in Durable Objects of the class `StoreObject`: each store is one object, whose
 * single thread serializes its writes and whose clock measures lifetimes. Performs no I/O, so it
 * may be called before the first request or for every request.
 *
 * @param namespace the binding of objects of that class, with SQLite
 * @throws TypeError if the binding is missing
 *
 * @example
 * export { StoreObject } from "aauth-stores/durable-object";
 * const stores = createDurableObjectStores(env.STORES);
 */
export function createDurableObjectStores(
  namespace: ObjectNamespace,
  options: DurableObjectOptions = {},
): Stores {
  const { deadlineMs = DEADLINE_MS } = options;
  if (typeof namespace?.idFromName !== "function") {
    throw new TypeError("namespace must be the binding of Durable Objects of the class StoreObject");
  }
  return {
    claims(name, bounds) {
      const quotaOf = claimQuotas(bounds);
      const object = new RemoteObject(namespace, `claims ${name}`, deadlineMs);
      return {
        async putIfAbsent(key, { ttlSeconds, owner, quota }) {
          requireLifetime(ttlSeconds);
          const charged = quotaOf({ owner: await storedKey(owner), quota });
          const call = { key: await storedKey(key), quota: charged, ttlSeconds };
          const claimed = await object.ask({ kind: "claim", ...call });
          if (claimed === "unknown") throw object.unavailable(new Error(CLOCK_SET_BACK));
          return claimed;
        },
      };
    },
    records: <Value>(name: string, bounds?: StoreBounds) => {
      const object = new RemoteObject(namespace, `records ${name}`, deadlineMs);
      return records<Value>(object, name, recordQuotas(bounds), options);
    },
  };
}

/** The object of one store. */
class RemoteObject {
  readonly #namespace: ObjectNamespace;
  readonly #name: string;
  readonly deadlineMs: number;

  constructor(namespace: ObjectNamespace, name: string, deadlineMs: number) {
    this.#namespace = namespace;
    this.#name = name;
    this.deadlineMs = deadlineMs;
  }

  /**
   * Gets a new stub for each call: a stub that has failed stays broken, and a stub of another
   * request cannot be used.
   *
   * @throws StoreUnavailableError
   */
  async ask<Kind extends Call["kind"]>(call: Call & { readonly kind: Kind }): Promise<Answers[Kind]> {
    try {
      const object = this.#namespace.get(this.#namespace.idFromName(this.#name));
      const signal = AbortSignal.timeout(this.deadlineMs);
      const response = await object.fetch("https://store/", { method: "POST", body: textOf(call), signal });
      if (!response.ok) throw new Error(`the object answers ${response.status}`);
      return (await response.json()) as Answers[Kind];
    } catch (error) {
      throw this.unavailable(error);
    }
  }

  unavailable(cause: unknown): StoreUnavailableError {
    return new StoreUnavailableError(`the Durable Object of ${this.#name}`, { cause });
  }
}

/** JSON cannot represent infinity: it would arrive as null, an expired lifetime. */
const textOf = (call: Call): string =>
  JSON.stringify(call, (_key, value) => (value === Number.POSITIVE_INFINITY ? Number.MAX_VALUE : value));

function records<Value>(
  object: RemoteObject,
  name: string,
  quotaOf: ReturnType<typeof recordQuotas>,
  unreadable: Unreadable,
): RecordStore<Value> {
  const read = (text: string) => readJson<Value>(name, text);
  const readFound = (text: string | null) => (text === null ? undefined : read(text));

  /** Replaces `before`, or returns the value that is stored instead. */
  async function put(key: string, value: Value, terms: RecordTerms, before?: string | null) {
    const { owner, ttlSeconds } = terms;
    requireLifetime(ttlSeconds);
    const quota = quotaOf(await storedKey(owner));
    const call = { key: await storedKey(key), value: JSON.stringify(value), quota, ttlSeconds, before };
    const result = await object.ask({ kind: "put", ...call });
    if (result === "full") throw new StoreFullError();
    return result;
  }

  const find = async (key: string) => object.ask({ kind: "find", key: await storedKey(key) });
  const take = async (key: string) => object.ask({ kind: "take", key: await storedKey(key) });

  return {
    get: async (key) => readFound(await find(key)),
    async put(key, value, terms) {
      await put(key, value, terms);
    },
    putIfAbsent: async (key, value, terms) => (await put(key, value, terms, null)) === "stored",
    take: async (key) => readFound(await take(key)),
    async delete(key) {
      await take(key);
    },
    async update(key, change) {
      const endsAt = Date.now() + object.deadlineMs;
      let text = await find(key);
      while (Date.now() <= endsAt) {
        const before = readFound(text);
        const changed = change(before);
        if (changed === undefined) return before;
        const result = await put(key, changed.value, changed, text);
        if (result === "stored") return changed.value;
        text = result.found;
      }
      throw object.unavailable(new Error("the update waited for others"));
    },
    async list(owner) {
      const texts = await object.ask({ kind: "list", owner: await storedKey(owner) });
      return readAll(texts, read, unreadable);
    },
  };
}
