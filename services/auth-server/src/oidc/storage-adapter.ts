import type { Adapter, AdapterPayload } from "oidc-provider";
import type { CreateStore } from "../create-store.ts";
import { createSharedStore, type SharedStore } from "../shared-store.ts";

/**
 * Sign-ins under way. Each keeps its request, which any caller can send: 25 KB at the worst, within the bounds of `requireBoundedQuery`.
 * Beyond this number the oldest has to begin again.
 */
const MAX_INTERACTIONS = 2_000;

/** Browsers that are not signed in: all of them are one owner, because another one costs nothing. */
const ANONYMOUS = "";

/**
 * Keeps what oidc-provider stores behind the same interface as everything else, one store per kind of thing: many abandoned
 * sign-ins cannot push sessions out. A kind asked for again, by the provider of after a rotation, has the same store. Three things go
 * beyond the library's own adapter, the first two because such a store may be shared by processes:
 *
 * - a code or refresh token is consumed by one caller only: the second of two simultaneous ones gets `alreadyUsed()`. The mark is part
 *   of what it marks, so that it lives as long, and there is room for it
 * - what comes of a grant is good while the grant is there, so there is no list of tokens to keep in step
 * - each account has a quota in every store, and loses its own oldest things beyond it
 */
export function createStorageAdapter(options: {
  createStore: CreateStore;
  /** Lifetime of the longest-lived thing a grant can give, seconds. */
  grantLifetimeSeconds: number;
  now: () => number;
  /** The error that the second consumer gets. */
  alreadyUsed: () => Error;
  /** The error for whoever finds all stores full. */
  full: () => Error;
}): (model: string) => Adapter {
  const { createStore, grantLifetimeSeconds, now, alreadyUsed, full } = options;
  const stores = new Map<string, SharedStore<AdapterPayload>>();
  const sessionsByUid = createSharedStore<{ id: string; owner: string }>(createStore, {
    ownerOf: ({ owner }) => owner,
    now,
    full,
  });
  const adapters = new Map<string, Adapter>();

  return (model) => {
    const adapter = adapters.get(model) ?? createAdapter(model);
    adapters.set(model, adapter);
    return adapter;
  };

  function storeOf(model: string): SharedStore<AdapterPayload> {
    const store =
      stores.get(model) ??
      createSharedStore<AdapterPayload>(createStore, {
        ownerOf,
        now,
        full,
        // One quota for all, which is half of the room.
        ...(model === "Interaction" && {
          ownerOf: () => ANONYMOUS,
          maxEntries: 2 * MAX_INTERACTIONS,
          maxPerOwner: MAX_INTERACTIONS,
        }),
      });
    stores.set(model, store);
    return store;
  }

  function createAdapter(model: string): Adapter {
    const payloads = storeOf(model);
    const grants = storeOf("Grant");

    async function find(id: string): Promise<AdapterPayload | undefined> {
      const payload = await payloads.get(id);
      // A sign-in under way names the grant that was there when it began; the person may since have become another one.
      if (payload?.grantId === undefined || model === "Interaction") return payload;
      return (await grants.get(payload.grantId)) && payload;
    }

    return {
      find,
      async upsert(id, payload, expiresIn = grantLifetimeSeconds) {
        await payloads.put(id, payload, expiresIn);
        if (model === "Session" && payload.uid !== undefined)
          await sessionsByUid.put(payload.uid, { id, owner: ownerOf(payload) }, expiresIn);
      },
      async findByUid(uid) {
        const session = await sessionsByUid.get(uid);
        return session && find(session.id);
      },
      async consume(id) {
        const before = await payloads.replace(id, (payload) => ({
          ...payload,
          consumed: payload.consumed ?? now(),
        }));
        if (before === undefined || before.consumed !== undefined) throw alreadyUsed();
      },
      async destroy(id) {
        const uid = model === "Session" ? (await payloads.get(id))?.uid : undefined;
        if (uid !== undefined) await sessionsByUid.delete(uid);
        await payloads.delete(id);
      },
      async revokeByGrantId(grantId) {
        await grants.delete(grantId);
      },
      // The device flow, the only one with user codes, is off.
      findByUserCode: async () => undefined,
    };
  }
}

function ownerOf({ accountId }: AdapterPayload): string {
  return accountId ?? ANONYMOUS;
}
