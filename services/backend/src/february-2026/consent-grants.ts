import type { RecordStore, Stores } from "aauth";
import { digestOf } from "agent-kit/service";
import type { Consent } from "../runs/run.ts";

/** Data needed to revoke a user's consent. */
export interface ConsentGrant {
  readonly authServer: string;
  readonly refreshToken: string;
  /** Cache key of the tokens that came with the consent. */
  readonly cacheKey: string;
  readonly consent: Consent;
  /** Unix seconds. */
  readonly grantedAt: number;
}

/** The consents of each user, until they are revoked or expire. */
export interface ConsentGrants {
  /** @throws StoreFullError */
  add(userId: string, grant: Omit<ConsentGrant, "grantedAt">): Promise<void>;
  /** Oldest first. */
  list(userId: string): Promise<readonly ConsentGrant[]>;
  remove(grant: ConsentGrant): Promise<void>;
}

const MAX_GRANTS = 10_000;
/** Equal to the number of runs per user. The oldest is dropped first. */
const MAX_GRANTS_PER_USER = 100;
/** Keycloak's maximum session length (`ssoSessionMaxLifespan`), which limits consents, too. */
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
