import type { Adapter, AdapterPayload } from "oidc-provider";
import type { CreateStore } from "../create-store.ts";

/**
 * Keeps what oidc-provider stores behind the same interface as everything else, one store per kind of thing: many abandoned
 * sign-ins cannot push sessions out. A kind asked for again, by the provider of after a rotation, has the same store. Two things go beyond the library's own adapter, because such a store may be shared by processes:
 *
 * - a code or refresh token is consumed by one caller only: the second of two simultaneous ones gets `alreadyUsed()`
 * - a revoked grant is a mark that every read of its tokens looks for, so there is no list of tokens to keep in step
 */
export function createStorageAdapter(options: {
  createStore: CreateStore;
  /** Lifetime of the longest-lived thing a grant can give, seconds. */
  grantLifetimeSeconds: number;
  now: () => number;
  /** The error that the second consumer gets. */
  alreadyUsed: () => Error;
}): (model: string) => Adapter {
  const { createStore, grantLifetimeSeconds, now, alreadyUsed } = options;
  const revokedGrants = createStore<true>();
  const adapters = new Map<string, Adapter>();

  return (model) => {
    const adapter = adapters.get(model) ?? createAdapter(model);
    adapters.set(model, adapter);
    return adapter;
  };

  function createAdapter(model: string): Adapter {
    const payloads = createStore<AdapterPayload>();
    const consumedAt = createStore<number>();
    const idsByUid = createStore<string>();

    async function find(id: string): Promise<AdapterPayload | undefined> {
      const payload = await payloads.get(id);
      if (payload === undefined) return undefined;
      if (payload.grantId !== undefined && (await revokedGrants.get(payload.grantId))) return undefined;
      const consumed = await consumedAt.get(id);
      return consumed === undefined ? payload : { ...payload, consumed };
    }

    return {
      find,
      async upsert(id, payload, expiresIn = grantLifetimeSeconds) {
        await payloads.put(id, payload, expiresIn);
        if (model === "Session" && payload.uid !== undefined) await idsByUid.put(payload.uid, id, expiresIn);
      },
      async findByUid(uid) {
        const id = await idsByUid.get(uid);
        return id === undefined ? undefined : find(id);
      },
      async consume(id) {
        if (!(await consumedAt.putIfAbsent(id, now(), grantLifetimeSeconds))) throw alreadyUsed();
      },
      async destroy(id) {
        await payloads.delete(id);
      },
      async revokeByGrantId(grantId) {
        await revokedGrants.put(grantId, true, grantLifetimeSeconds);
      },
      // The device flow, the only one with user codes, is off.
      findByUserCode: async () => undefined,
    };
  }
}
