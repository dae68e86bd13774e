/**
 * The cache behind discovery: bounded, one load in flight per key, failures remembered for a moment.
 *
 * @module
 */

import { AAuthError, AAuthVerificationError } from "../errors.ts";
import { FairMap } from "../store/fair-map.ts";
import { RecentMap } from "../store/recent-map.ts";
import type { FetchSlots, Standing } from "./fetch-slots.ts";

/**
 * A flood of requests for a dead document costs one fetch in this time, which doubles while the outage lasts; a party that has just started
 * is found after it.
 */
const FAILURE_SECONDS = 1;
/** How long a document that cannot be fetched again is used. */
const KEPT_SECONDS = 86_400;

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
  /** Unix seconds when it was fetched. */
  readonly fetchedAt: number;
  /** Unix seconds when its burst of reloads is whole again; a reload adds one cooldown. */
  readonly burstWholeAt: number;
}

interface Failure {
  readonly error: unknown;
  /** In a row. */
  readonly count: number;
  /** Unix seconds until which it is remembered. */
  readonly until: number;
}

export interface DocumentCacheOptions {
  readonly now: () => number;
  /** Seconds between two fetches of one document that its server answers. Default: as the burst and failures allow. */
  readonly intervalSeconds?: number | undefined;
  /** Longest that a failure is remembered. Default: all equally long. */
  readonly maxFailureSeconds?: number | undefined;
  /** As in `DiscoveryKind`. */
  readonly refetchBurst: number;
  readonly refetchCooldownSeconds: number;
  readonly slots: FetchSlots;
  /** Whether all its documents are of parties that the configuration names. */
  readonly isConfigured: boolean;
}

/** Result of a fetch. */
export interface Loaded<T> {
  readonly value: T;
  readonly cacheSeconds: number;
}

/** Why a fetch has brought nothing. */
export class LoadError extends Error {
  readonly error: unknown;
  /** Whether the server has answered at all. */
  readonly isAnswered: boolean;

  constructor(error: unknown, isAnswered: boolean) {
    super("a document was not loaded", { cause: error });
    this.error = error;
    this.isAnswered = isAnswered;
  }
}

/** Fetches a document in a slot of this standing. @throws LoadError */
export type Load<T> = (standing: Standing) => Promise<Loaded<T>>;

export interface DocumentCache {
  /** The cached value; undefined when there is none, or it has expired. */
  cached<T>(key: string): T | undefined;
  /**
   * The cached value, or what `load` answers. Concurrent calls for one key share one load. While the document cannot be fetched, its last
   * value for a day; not where what is fetched is of another party, or its address is refused.
   */
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
  const { now, refetchBurst, refetchCooldownSeconds, slots, isConfigured } = options;
  const { intervalSeconds = 0, maxFailureSeconds = FAILURE_SECONDS } = options;
  const max = MAX_ENTRIES;
  // A document is as long as its owner likes, within the bound for one, and an owner has as many as it likes.
  const entries = new RecentMap<string, Entry>(max, {
    maxWeight: MAX_UNKNOWN_CHARACTERS,
    weigh: (key, { characters }) => key.length + characters,
  });
  const kept = new FairMap<Entry>(MAX_KEPT_CHARACTERS);
  // Apart from the entries, so that a flood of dead identities cannot push out the living ones.
  const failures = new RecentMap<string, Failure>(max);
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

  async function start<T>(key: string, loader: () => Promise<Loaded<T>>, burstWholeAt: number): Promise<T> {
    try {
      const { value, cacheSeconds } = await loader();
      const characters = JSON.stringify(value).length;
      const fetchedAt = now();
      const entry = { value, characters, fetchedAt, expiresAt: fetchedAt + cacheSeconds, burstWholeAt };
      const owner = kept.ownerOf(key);
      if (owner === undefined) entries.set(key, entry);
      else keepEntry(key, entry, owner);
      failures.delete(key);
      return value;
    } catch (failed) {
      const { error, isAnswered } = failed instanceof LoadError ? failed : new LoadError(failed, false);
      // That there was no room says nothing about the document.
      if (!(error instanceof AAuthError && error.code === "discovery_busy"))
        noteFailure(key, error, isAnswered);
      throw error;
    } finally {
      inFlight.delete(key);
    }
  }

  function noteFailure(key: string, error: unknown, isAnswered: boolean): void {
    const last = failures.get(key);
    const isSameOutage = last !== undefined && now() < last.until + maxFailureSeconds;
    const count = isSameOutage ? last.count + 1 : 1;
    const backOff = Math.min(FAILURE_SECONDS * 2 ** (count - 1), maxFailureSeconds);
    const seconds = isAnswered ? Math.max(backOff, intervalSeconds) : backOff; // hole S11a
    failures.set(key, { error, count, until: now() + seconds });
  }

  /** The last value, where that says no more than that there is no other one. */
  function lastOf<T>(entry: Entry | undefined, error: unknown): Cached<T> {
    const isAway =
      error instanceof AAuthError && (error.code === "discovery_failed" || error.code === "discovery_busy");
    if (entry === undefined || !isAway || now() >= entry.fetchedAt + KEPT_SECONDS) throw error; // hole S11b
    return { value: entry.value as T, fromCache: true };
  }

  return {
    cached<T>(key: string) {
      const entry = entryOf(key);
      return entry !== undefined && isFresh(entry) ? (entry.value as T) : undefined;
    },
    async get<T>(key: string, loader: Load<T>) {
      const entry = entryOf(key);
      if (entry !== undefined && isFresh(entry)) return { value: entry.value as T, fromCache: true };
      // A value expires when the burst of its last reload is whole again, or long after.
      return load(key, loader, now()).catch((error: unknown) => lastOf<T>(entry, error));
    },
    async reload<T>(key: string, loader: Load<T>) {
      const entry = entryOf(key);
      const burstWholeAt = Math.max(entry?.burstWholeAt ?? 0, now()) + refetchCooldownSeconds;
      const isWithinBurst =
        burstWholeAt - now() <= refetchBurst * refetchCooldownSeconds &&
        now() >= (entry?.fetchedAt ?? 0) + intervalSeconds; // hole S11c
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
