/**
 * The cache behind discovery: bounded, one load in flight per key, failures remembered for a moment.
 *
 * @module
 */

import { AAuthError, AAuthVerificationError } from "../errors.ts";
import { PROFILE } from "../profile.ts";
import { RecentMap } from "../store/recent-map.ts";

/** Long enough that a flood of requests for a dead document costs one fetch, short enough for a start-up order. */
const FAILURE_SECONDS = 2;

export interface Cached<T> {
  readonly value: T;
  /** False when this very call loaded the value. */
  readonly fromCache: boolean;
}

/** Characters of all documents of a cache: a thousand ordinary ones are half a million. */
const MAX_CHARACTERS = 1_048_576;

interface Entry {
  readonly value: unknown;
  readonly characters: number;
  readonly expiresAt: number;
  /** Unix seconds of the last forced reload, successful or not. */
  reloadedAt: number;
}

export interface DocumentCacheOptions {
  readonly now: () => number;
  readonly cacheSeconds: number;
  readonly maxEntries?: number;
}

export interface DocumentCache {
  /** The cached value; undefined when there is none, or it has expired. */
  atHand<T>(key: string): T | undefined;
  /** The cached value, or what `load` answers. Concurrent calls for one key share one load. */
  get<T>(key: string, load: () => Promise<T>): Promise<Cached<T>>;
  /** Loads again although a fresh value exists, but at most once per cooldown; inside it the old value is given. */
  reload<T>(key: string, load: () => Promise<T>): Promise<Cached<T>>;
}

export function createDocumentCache(options: DocumentCacheOptions): DocumentCache {
  const { now, cacheSeconds } = options;
  const max = options.maxEntries ?? PROFILE.discovery.maxEntries;
  // A document is as long as its owner likes, within the bound for one, and an owner has as many as it likes.
  const entries = new RecentMap<string, Entry>(max, {
    maxWeight: MAX_CHARACTERS,
    weigh: (key, { characters }) => key.length + characters,
  });
  // Apart from the entries, so that a flood of dead identities cannot push out the living ones.
  const failures = new RecentMap<string, { error: unknown; until: number }>(max);
  const inFlight = new Map<string, Promise<unknown>>();
  const isFresh = (entry: Entry) => now() < entry.expiresAt;

  async function load<T>(key: string, loader: () => Promise<T>, reloadedAt: number): Promise<Cached<T>> {
    const failure = failures.get(key);
    if (failure !== undefined && now() < failure.until) throw copyOf(failure.error);
    let pending = inFlight.get(key) as Promise<T> | undefined;
    if (pending === undefined) {
      pending = start(key, loader, reloadedAt);
      inFlight.set(key, pending);
    }
    try {
      return { value: await pending, fromCache: false };
    } catch (error) {
      throw copyOf(error);
    }
  }

  async function start<T>(key: string, loader: () => Promise<T>, reloadedAt: number): Promise<T> {
    try {
      const value = await loader();
      const characters = JSON.stringify(value).length;
      entries.set(key, { value, characters, expiresAt: now() + cacheSeconds, reloadedAt });
      failures.delete(key);
      return value;
    } catch (error) {
      failures.set(key, { error, until: now() + FAILURE_SECONDS });
      throw error;
    } finally {
      inFlight.delete(key);
    }
  }

  return {
    atHand<T>(key: string) {
      const entry = entries.get(key);
      return entry !== undefined && isFresh(entry) ? (entry.value as T) : undefined;
    },
    async get<T>(key: string, loader: () => Promise<T>) {
      const entry = entries.get(key);
      if (entry !== undefined && isFresh(entry)) return { value: entry.value as T, fromCache: true };
      return load(key, loader, entry?.reloadedAt ?? Number.NEGATIVE_INFINITY);
    },
    async reload<T>(key: string, loader: () => Promise<T>) {
      const entry = entries.get(key);
      const isCoolingDown =
        entry !== undefined && now() - entry.reloadedAt < PROFILE.discovery.refetchCooldownSeconds;
      // A reload under way is joined: its answer is what this caller is after.
      if (isCoolingDown && !inFlight.has(key)) {
        return { value: entry.value as T, fromCache: true };
      }
      if (entry !== undefined) entry.reloadedAt = now();
      return load(key, loader, now());
    },
  };
}

/** Every caller gets its own error: the gate writes its report on it. */
function copyOf(error: unknown): unknown {
  return error instanceof AAuthError
    ? new AAuthVerificationError(error.code, error.message, { cause: error })
    : error;
}
