import { hash } from "node:crypto";
import type { FastifyBaseLogger } from "fastify";
import type { CreateStore } from "../create-store.ts";
import { createTurns } from "../turns.ts";
import type { BruteForceSettings } from "./brute-force.ts";
import { type Failures, isLocked, keptSeconds, type Lock, notAhead, withFailure } from "./failures.ts";

/** Where a sign-in comes from, for the log. */
export interface SignInOrigin {
  readonly clientId?: string;
  /** IP address. */
  readonly address?: string;
}

/** Limits how often the password of an account may be tried, wherever it is tried. */
export interface GuessLimit {
  /**
   * One try: true when `matches` is and the account is not locked. It is asked in any case, and nothing else tells the two refusals
   * apart, nor an account that there is from one that there is not.
   *
   * @param login the name that was given, in one spelling
   * @param id the account's; undefined when there is none of that name
   * @throws OAuthError 503 `temporarily_unavailable` when too many try the same account at once
   */
  attempt(
    login: string,
    id: string | undefined,
    matches: () => boolean,
    origin?: SignInOrigin,
  ): Promise<boolean>;
  /** True when the account is locked until an administrator unlocks it. */
  isLockedForGood(id: string): Promise<boolean>;
  /** Forgets the account's failures, and with them its lock. */
  unlock(id: string): Promise<void>;
}

/** Stands for ever: longer than any process, and a number for every store. */
const FOR_GOOD_SECONDS = 100 * 365 * 86_400;

/**
 * A try is counted before it is judged, one after the other for each account: of many at once no more are judged than of as many in a
 * row. Each account has a place of its own, and what does not exist has none, so that no guesses push out what is known of others.
 *
 * @param options.ids accounts of the realm
 * @param options.nowMs Unix milliseconds
 */
export function createGuessLimit(options: {
  settings: BruteForceSettings;
  ids: readonly string[];
  createStore: CreateStore;
  nowMs: () => number;
  logger: FastifyBaseLogger;
}): GuessLimit {
  const { settings, ids, createStore, nowMs, logger } = options;
  const { maxEntries } = createStore;
  const stores = Array.from({ length: Math.ceil(ids.length / maxEntries) || 1 }, () =>
    createStore<Failures>(),
  );
  const places = new Map(ids.map((id, index) => [id, Math.floor(index / maxEntries)]));
  const turns = createTurns(createStore<true>());
  const storeOf = (id: string) => stores[places.get(id) ?? 0] as (typeof stores)[number];

  async function read(id: string): Promise<Failures | undefined> {
    const failures = await storeOf(id).get(id);
    if (failures === undefined) return undefined;
    const now = nowMs();
    const known = notAhead(failures, now);
    if (known !== failures) await write(id, known);
    return known;
  }

  async function write(id: string, failures: Failures): Promise<void> {
    await storeOf(id).put(id, failures, keptSeconds(settings, failures) ?? FOR_GOOD_SECONDS);
  }

  return {
    async attempt(login, id, matches, origin = {}) {
      if (!settings.bruteForceProtected) return matches() && id !== undefined;
      const name = hash("sha256", login, "base64url");
      return turns.run(id ?? name, async () => {
        const before = await read(id ?? name);
        const locked = isLocked(before?.lock, nowMs());
        // Nothing is there under a name: as many round trips to the store for an account that is locked, and for none.
        if (id === undefined || locked) {
          await storeOf(name).delete(name);
          matches();
          return false;
        }
        const { lock, ...counted } = withFailure(settings, before, nowMs());
        await write(id, counted);
        const right = matches();
        if (right) await storeOf(id).delete(id);
        else if (lock !== undefined) {
          await write(id, { ...counted, lock });
          report(id, counted.count, lock, origin);
        }
        return right;
      });
    },
    async isLockedForGood(id) {
      if (!settings.bruteForceProtected || !settings.permanentLockout) return false;
      const lock = (await storeOf(id).get(id))?.lock;
      return lock !== undefined && lock.seconds === undefined;
    },
    unlock: (id) => turns.run(id, async () => storeOf(id).delete(id)),
  };

  function report(userId: string, failures: number, lock: Lock, origin: SignInOrigin): void {
    const lockedSeconds = lock.seconds ?? "until it is unlocked";
    logger.warn(
      { userId, failures, lockedSeconds, ...origin },
      "🔒 Account locked: too many wrong passwords",
    );
  }
}
