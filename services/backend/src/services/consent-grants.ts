import { LRUCache } from "lru-cache";
import type { Consent } from "../runs/run.ts";

/** What a user's consent can be revoked by. */
export interface ConsentGrant {
  readonly authServer: string;
  readonly refreshToken: string;
  /** Under which name the agent keeps the tokens that came with it. */
  readonly cacheKey: string;
  readonly consent: Consent;
  /** Unix seconds. */
  readonly grantedAt: number;
}

/** The consents the backend holds for each user, until they are revoked or too old to matter. */
export interface ConsentGrants {
  add(userId: string, grant: Omit<ConsentGrant, "grantedAt">): void;
  list(userId: string): readonly ConsentGrant[];
  remove(userId: string, grant: ConsentGrant): void;
}

const MAX_USERS = 10_000;
/** As many as a user has runs; the oldest goes first. */
const MAX_GRANTS_PER_USER = 100;
/** As long as Keycloak lets a session last (`ssoSessionMaxLifespan`), and a consent with it. */
const LIFETIME_SECONDS = 36_000;

/** @param now Unix seconds */
export function createConsentGrants(now: () => number): ConsentGrants {
  const grants = new LRUCache<string, readonly ConsentGrant[]>({
    max: MAX_USERS,
    ttl: LIFETIME_SECONDS * 1000,
    ttlResolution: 0,
    perf: { now: () => now() * 1000 },
  });
  const list = (userId: string) => grants.get(userId) ?? [];
  return {
    list,
    add(userId, grant) {
      grants.set(userId, [...list(userId), { ...grant, grantedAt: now() }].slice(-MAX_GRANTS_PER_USER));
    },
    remove(userId, grant) {
      const kept = list(userId).filter((other) => other !== grant);
      if (kept.length === 0) grants.delete(userId);
      else grants.set(userId, kept);
    },
  };
}
