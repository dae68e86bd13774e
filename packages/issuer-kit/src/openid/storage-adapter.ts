import type { Adapter, AdapterPayload, InteractionResults } from "oidc-provider";
import { OAuthError } from "../oauth-error.ts";
import type { CreateStore, Store } from "../store.ts";
import { errors } from "./library.ts";

/**
 * Sign-ins in progress. Each keeps its request, which any caller can send: 25 KB at the worst,
 * within the bounds of `requireBoundedQuery`. One network that floods leaves half of the room.
 */
const INTERACTIONS = { maxEntries: 4_000, maxPerOwner: 2_000 };

/**
 * Keeps what oidc-provider stores behind the same interface as everything else, one store for each
 * kind of model: many abandoned sign-ins cannot push sessions out. Three things go beyond the
 * library's own adapter:
 *
 * - of two simultaneous callers one consumes a code or refresh token; the other gets
 *   `invalid_grant`
 * - what comes of a grant is valid while the grant is there, so there is no list of tokens to keep
 *   in step
 * - each account has a quota in every store, and loses its own oldest entries beyond it; browsers
 *   that are not signed in have that of their network, because another browser costs nothing
 */
export function createStorageAdapter(options: {
  createStore: CreateStore;
  /** Lifetime of the longest-lived model, seconds. */
  grantLifetimeSeconds: number;
  /** Network of the caller that is being answered: all that a browser without an account is known by. */
  callerNetwork: () => string;
  now: () => number;
}): (model: string) => Adapter {
  const { createStore, grantLifetimeSeconds, callerNetwork, now } = options;
  const grants = createStore<AdapterPayload>();
  const sessionIds = createStore<string>();
  // They outlast a provider: after a rotation of the keys there is another one.
  const stores = new Map<string, Store<AdapterPayload>>([["Grant", grants]]);

  function storeOf(model: string): Store<AdapterPayload> {
    const bounds = model === "Interaction" ? INTERACTIONS : undefined;
    const store = stores.get(model) ?? createStore<AdapterPayload>(bounds);
    stores.set(model, store);
    return store;
  }

  return (model) => {
    const payloads = storeOf(model);
    // The account of a sign-in in progress is known once the password was right.
    const ownerOf = ({ accountId, result }: AdapterPayload) =>
      (result as InteractionResults | undefined)?.login?.accountId ?? accountId ?? callerNetwork(); // hole S5

    async function find(id: string): Promise<AdapterPayload | undefined> {
      const payload = await payloads.get(id);
      // A sign-in in progress names the grant that was there when it began; another user may sign
      // in meanwhile.
      if (payload?.grantId === undefined || model === "Interaction") return payload;
      return (await grants.get(payload.grantId)) && payload;
    }

    return {
      find,
      async upsert(id, payload, expiresIn = grantLifetimeSeconds) {
        try {
          await payloads.put(ownerOf(payload), id, payload, expiresIn);
          if (model === "Session" && payload.uid !== undefined)
            await sessionIds.put(ownerOf(payload), payload.uid, id, expiresIn);
        } catch (error) {
          throw error instanceof OAuthError ? temporarilyUnavailable(error) : error;
        }
      },
      async findByUid(uid) {
        const id = await sessionIds.get(uid);
        return id === undefined ? undefined : find(id);
      },
      async consume(id) {
        // Taken, so that of two callers one gets it; put back, because the library tells a reuse
        // from an unknown token.
        const payload = await payloads.take(id);
        if (payload === undefined) throw alreadyUsed();
        const { exp = now() + grantLifetimeSeconds } = payload;
        const consumed = payload.consumed ?? now();
        if (exp > now()) await payloads.put(ownerOf(payload), id, { ...payload, consumed }, exp - now());
        if (payload.consumed !== undefined) throw alreadyUsed();
      },
      async destroy(id) {
        const uid = model === "Session" ? (await payloads.get(id))?.uid : undefined;
        if (uid !== undefined) await sessionIds.delete(uid);
        await payloads.delete(id);
      },
      async revokeByGrantId(grantId) {
        await grants.delete(grantId);
      },
      // The device flow, the only one with user codes, is off.
      findByUserCode: async () => undefined,
    };
  };
}

function alreadyUsed(): Error {
  return new errors.InvalidGrant("already used");
}

/** 503, as this server answers it elsewhere; the library itself has 400 for it. */
function temporarilyUnavailable({ message, status }: OAuthError): Error {
  const error = new errors.TemporarilyUnavailable(message);
  return Object.assign(error, { status, statusCode: status });
}
