import type { RecordStore, Stores } from "aauth";
import { digestOf } from "agent-kit/service";
import type { Consent } from "./run.ts";

/** What a user's consent can be revoked by. */
export interface ConsentGrant {
  readonly authServer: string;
  readonly refreshToken: string;
  /** The name under which the agent keeps the tokens that came with it. */
  readonly cacheKey: string;
  readonly consent: Consent;
  /** Unix seconds. */
  readonly grantedAt: number;
}

/** The consents the backend holds for each user, until they are revoked or too old to matter. */
export interface ConsentGrants {
  /** @throws StoreFullError */
  add(userId: string, grant: Omit<ConsentGrant, "grantedAt">): Promise<void>;
  /** Oldest first. */
  list(userId: string): Promise<readonly ConsentGrant[]>;
  remove(grant: ConsentGrant): Promise<void>;
}

const MAX_GRANTS = 10_000;
/** As many as a user has runs; the oldest goes first. */
const MAX_GRANTS_PER_USER = 100;
/** As long as Keycloak lets a session last (`ssoSessionMaxLifespan`), and a consent with it. */
const LIFETIME_SECONDS = 36_000;

/** @param now Unix seconds */
export function createConsentGrants(stores: Pick<Stores, "records">, now: () => number): ConsentGrants {
  const grants: RecordStore<ConsentGrant> = stores.records("consents", { maxEntries: MAX_GRANTS });
  const keyOf = ({ refreshToken }: Pick<ConsentGrant, "refreshToken">) => digestOf(refreshToken);
  return {
    list: async (userId) => grants.list(userId),
    async add(userId, grant) {
      const held = await grants.list(userId);
      if (held.length >= MAX_GRANTS_PER_USER) await grants.delete(keyOf(held[0]!));
      const terms = { owner: userId, ttlSeconds: LIFETIME_SECONDS };
      await grants.put(keyOf(grant), { ...grant, grantedAt: now() }, terms);
    },
    remove: async (grant) => grants.delete(keyOf(grant)),
  };
}
