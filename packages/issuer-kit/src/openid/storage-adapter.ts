import type { Stores } from "aauth";
import { digestOf } from "agent-kit/service";
import type { Adapter, AdapterPayload, InteractionResults } from "oidc-provider";
import { oauthErrorOf } from "../oauth-error.ts";
import { errors } from "./library.ts";

/**
 * Sign-ins in progress. Each stores its request, which any caller can send: at most 25 KB, within
 * the limits of `requireBoundedQuery`. A flood from one network leaves half of the entries free.
 */
const INTERACTIONS = { maxEntries: 4_000 };
/**
 * Time to enter the password. Entries of a browser without an account expire after it, so that a
 * network that has used up its quota soon has entries again.
 */
const ANONYMOUS_SECONDS = 300;
const OF_BROWSERS = ["Interaction", "Session"];

/**
 * Stores the models of oidc-provider in record stores, one for each kind: abandoned sign-ins leave
 * room for sessions. Four features go beyond the library's own adapter:
 *
 * - of two simultaneous callers, even at two processes, only one consumes a code or refresh token;
 *   the other gets `invalid_grant`
 * - tokens of a grant are valid while the grant is stored, so no list of tokens has to be kept in
 *   sync
 * - each account has a quota in every store; browsers that are not signed in share the quota of
 *   their network, because a new browser costs nothing. If a store is full, the response is 503
 * - keys are hashes: the ids of sessions, codes and tokens are their secrets
 */
export function createStorageAdapter(options: {
  stores: Pick<Stores, "records">;
  /** Lifetime of the longest-lived model, seconds. */
  grantLifetimeSeconds: number;
  /** Network of the current caller, the only known fact about a browser without an account. */
  callerNetwork: () => string;
  now: () => number;
}): (model: string) => Adapter {
  const { stores, grantLifetimeSeconds, callerNetwork, now } = options;
  const grants = stores.records<AdapterPayload>("openid Grant");
  const sessionIds = stores.records<string>("openid Session by uid");

  return (model) => {
    const bounds = model === "Interaction" ? INTERACTIONS : undefined;
    const payloads = stores.records<AdapterPayload>(`openid ${model}`, bounds);
    // The account of a sign-in in progress is known after the correct password.
    const accountOf = ({ accountId, result }: AdapterPayload) =>
      (result as InteractionResults | undefined)?.login?.accountId ?? accountId;
    const ownerOf = (payload: AdapterPayload) => accountOf(payload) ?? callerNetwork(); // hole S5

    async function find(id: string): Promise<AdapterPayload | undefined> {
      const payload = await payloads.get(digestOf(id));
      // A sign-in in progress names the grant that existed when it began. Another user may sign in
      // meanwhile.
      if (payload?.grantId === undefined || model === "Interaction") return payload;
      return (await grants.get(digestOf(payload.grantId))) && payload;
    }

    return {
      find: (id) => answering(() => find(id)),
      upsert: (id, payload, expiresIn = grantLifetimeSeconds) =>
        answering(async () => {
          const isAnonymous = OF_BROWSERS.includes(model) && accountOf(payload) === undefined; // hole S5a
          const ttlSeconds = isAnonymous ? Math.min(expiresIn, ANONYMOUS_SECONDS) : expiresIn;
          const terms = { owner: ownerOf(payload), ttlSeconds };
          await payloads.put(digestOf(id), payload, terms);
          if (model === "Session" && payload.uid !== undefined)
            await sessionIds.put(digestOf(payload.uid), id, terms);
        }),
      findByUid: (uid) =>
        answering(async () => {
          const id = await sessionIds.get(digestOf(uid));
          return id === undefined ? undefined : find(id);
        }),
      consume: (id) =>
        answering(async () => {
          let isFirst = false;
          // Kept, because the library tells a reuse from an unknown token.
          await payloads.update(digestOf(id), (payload) => {
            isFirst = payload !== undefined && payload.consumed === undefined;
            if (payload === undefined || !isFirst) return undefined;
            const { exp = now() + grantLifetimeSeconds } = payload;
            const terms = { owner: ownerOf(payload), ttlSeconds: Math.max(1, exp - now()) };
            return { value: { ...payload, consumed: now() }, ...terms };
          });
          if (!isFirst) throw new errors.InvalidGrant("already used"); // hole V54
        }),
      destroy: (id) =>
        answering(async () => {
          const { uid } = (await payloads.take(digestOf(id))) ?? {};
          if (model === "Session" && uid !== undefined) await sessionIds.delete(digestOf(uid));
        }),
      revokeByGrantId: (grantId) => answering(async () => grants.delete(digestOf(grantId))),
      // The device flow, the only one with user codes, is off.
      findByUserCode: async () => undefined,
    };
  };
}

/**
 * Answers 503 if a store is full or unavailable. The library itself answers such an error with 400.
 */
async function answering<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const refusal = oauthErrorOf(error);
    if (refusal === undefined) throw error;
    const { message, status, cause } = refusal;
    throw Object.assign(new errors.TemporarilyUnavailable(message), { status, statusCode: status, cause });
  }
}
