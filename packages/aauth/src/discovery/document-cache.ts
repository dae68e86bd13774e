/**
 * The cache behind discovery: bounded, one load in flight per key, failures remembered for a moment.
 *
 * @module
 */

import { AAuthError, AAuthVerificationError } from "../errors.ts";
import { FairMap } from "../store/fair-map.ts";
import { RecentMap } from "../store/recent-map.ts";
import type { FetchSlots, Standing } from "./fetch-slots.ts";

/** A flood of requests for a dead document costs one fetch in this time; a party that has just started is found after it. */
const FAILURE_SECONDS = 1;

export interface Cached<T> {
  readonly value: T;
  /** False when this very call loaded the value. */
  readonly fromCache: boolean;
}

const MAX_ENTRIES = 1_000;
/** Characters of the documents of parties that have proven nothing: a thousand ordinary ones are half a million. */
const MAX_UNKNOWN_CHARACTERS = 524_288;
/** Characters of the others' documents. */
const MAX_KEPT_CHARACTERS = 1_048_576;
/** What an entry of them counts beside its characters, so that they are at most two thousand. */
const KEPT_ENTRY_CHARACTERS = 500;

interface Entry {
  readonly value: unknown;
  readonly characters: number;
  readonly expiresAt: number;
  /** Unix seconds when its burst of reloads is whole again; a reload adds one cooldown. */
  readonly burstWholeAt: number;
}

export interface DocumentCacheOptions {
  readonly now: () => number;
  readonly cacheSeconds: number;
  /** As in `DocumentRules`. */
  readonly refetchBurst: number;
  readonly refetchCooldownSeconds: number;
  readonly slots: FetchSlots;
  /** Whether all its documents are of parties that the configuration names. */
  readonly isConfigured: boolean;
}

/** Fetches a document in a slot of this standing. */
export type Load<T> = (standing: Standing) => Promise<T>;

export interface DocumentCache {
  /** The cached value; undefined when there is none, or it has expired. */
  cached<T>(key: string): T | undefined;
  /** The cached value, or what `load` answers. Concurrent calls for one key share one load. */
  get<T>(key: string, load: Load<T>): Promise<Cached<T>>;
  /**
   * Loads again although a fresh value exists: `refetchBurst` times at once, then once per cooldown. Beyond that the old value is given.
   *
   * Only a reload that brings a value counts. One that fails, because there is no room or the party is just starting, costs nothing and
   * leaves the old value. A flood of those is bounded by the memory of failures, at one fetch per second, like a flood for a document
   * that was never found; a fetch that gave way to another is not remembered, but it has lasted 500 ms.
   */
  reload<T>(key: string, load: Load<T>): Promise<Cached<T>>;
  /**
   * Notes that `owner` has proven itself with the value under this key, which it returns, expired or not: from now on documents of
   * parties that have proven nothing do not push it out, and it is fetched again in a slot of its own standing.
   */
  keep<T>(key: string, owner: string): T | undefined;
}

export function createDocumentCache(options: DocumentCacheOptions): DocumentCache {
  const { now, cacheSeconds, refetchBurst, refetchCooldownSeconds, slots, isConfigured } = options;
  const max = MAX_ENTRIES;
  // A document is as long as its owner likes, within the bound for one, and an owner has as many as it likes.
  const entries = new RecentMap<string, Entry>(max, {
    maxWeight: MAX_UNKNOWN_CHARACTERS,
    weigh: (key, { characters }) => key.length + characters,
  });
  const kept = new FairMap<Entry>(MAX_KEPT_CHARACTERS);
  // Apart from the entries, so that a flood of dead identities cannot push out the living ones.
  const failures = new RecentMap<string, { error: unknown; until: number }>(max);
  const inFlight = new Map<string, Promise<unknown>>();
  const isFresh = (entry: Entry) => now() < entry.expiresAt;
  const entryOf = (key: string) => kept.get(key) ?? entries.get(key);
  const keepEntry = (key: string, entry: Entry, owner: string) =>
    kept.set(key, entry, owner, key.length + entry.characters + KEPT_ENTRY_CHARACTERS);

  function standingOf(key: string): Standing {
    if (isConfigured) return "configured";
    return kept.get(key) === undefined ? "unknown" : "proven";
  }

  async function load<T>(key: string, loader: Load<T>, burstWholeAt: number): Promise<Cached<T>> {
    const failure = failures.get(key);
    if (failure !== undefined && now() < failure.until) throw copyOf(failure.error);
    const standing = standingOf(key);
    const pending = inFlight.get(key) as Promise<T> | undefined;
    try {
      if (pending !== undefined) return { value: await slots.join(pending, standing), fromCache: false };
      const started = start(key, () => loader(standing), burstWholeAt);
      inFlight.set(key, started);
      return { value: await started, fromCache: false };
    } catch (error) {
      throw copyOf(error);
    }
  }

  async function start<T>(key: string, loader: () => Promise<T>, burstWholeAt: number): Promise<T> {
    try {
      const value = await loader();
      const characters = JSON.stringify(value).length;
      const entry = { value, characters, expiresAt: now() + cacheSeconds, burstWholeAt };
      const owner = kept.ownerOf(key);
      if (owner === undefined) entries.set(key, entry);
      else keepEntry(key, entry, owner);
      failures.delete(key);
      return value;
    } catch (error) {
      // That there was no room says nothing about the document.
      if (!(error instanceof AAuthError && error.code === "discovery_busy")) {
        failures.set(key, { error, until: now() + FAILURE_SECONDS });
      }
      throw error;
    } finally {
      inFlight.delete(key);
    }
  }

  return {
    cached<T>(key: string) {
      const entry = entryOf(key);
      return entry !== undefined && isFresh(entry) ? (entry.value as T) : undefined;
    },
    async get<T>(key: string, loader: Load<T>) {
      const entry = entryOf(key);
      if (entry !== undefined && isFresh(entry)) return { value: entry.value as T, fromCache: true };
      // A value expires long after the burst of its last reload is whole again.
      return load(key, loader, now());
    },
    async reload<T>(key: string, loader: Load<T>) {
      const entry = entryOf(key);
      const burstWholeAt = Math.max(entry?.burstWholeAt ?? 0, now()) + refetchCooldownSeconds;
      const isWithinBurst = burstWholeAt - now() <= refetchBurst * refetchCooldownSeconds;
      // A reload in progress is joined: this caller needs the same result.
      if (entry !== undefined && !isWithinBurst && !inFlight.has(key)) {
        return { value: entry.value as T, fromCache: true };
      }
      return load(key, loader, burstWholeAt);
    },
    keep<T>(key: string, owner: string) {
      const known = kept.get(key);
      if (known !== undefined) {
        kept.touch(key);
        return known.value as T;
      }
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      keepEntry(key, entry, owner);
      return entry.value as T;
    },
  };
}

/** Every caller gets its own error: the verifier writes its report on it. */
function copyOf(error: unknown): unknown {
  return error instanceof AAuthError
    ? new AAuthVerificationError(error.code, error.message, { cause: error })
    : error;
}
