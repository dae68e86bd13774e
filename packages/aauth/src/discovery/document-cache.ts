/**
 * The cache behind discovery: bounded, one load in flight per key, failures remembered for a
 * moment.
 *
 * @module
 */

import { AAuthError, type AAuthErrorCode, AAuthVerificationError } from "../errors.ts";
import { FairMap } from "../store/fair-map.ts";
import { RecentMap } from "../store/recent-map.ts";
import type { FetchSlots, Standing } from "./fetch-slots.ts";

/**
 * A flood of requests for a dead document costs one fetch in this time, which doubles while the
 * outage lasts; a party that has just started is found after it.
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
/**
 * Characters of the documents of parties that have proven nothing: a thousand ordinary ones are
 * half a million.
 */
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
  /**
   * Seconds between two fetches of one document that its server answers. Default: as the burst and
   * failures allow.
   */
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

/** Documents by key: bounded, one load in flight per key, failures remembered for a moment. */
export class DocumentCache {
  readonly #options: DocumentCacheOptions;
  /** Documents of parties that have proven nothing, within these bounds. */
  readonly #entries = new RecentMap<string, Entry>(MAX_ENTRIES, {
    maxWeight: MAX_UNKNOWN_CHARACTERS,
    weigh: (key, { characters }) => key.length + characters,
  });
  readonly #kept = new FairMap<Entry>(MAX_KEPT_CHARACTERS);
  /** Kept apart from the entries, so that a flood of dead identities cannot evict live ones. */
  readonly #failures = new RecentMap<string, Failure>(MAX_ENTRIES);
  readonly #inFlight = new Map<string, Promise<unknown>>();

  constructor(options: DocumentCacheOptions) {
    this.#options = options;
  }

  /** The cached value; undefined when there is none, or it has expired. */
  cached<T>(key: string): T | undefined {
    const entry = this.#entryOf(key);
    return entry !== undefined && this.#isFresh(entry) ? (entry.value as T) : undefined;
  }

  /**
   * Returns the cached value, or the value that `load` brings. Concurrent calls for one key share
   * one load. While the document cannot be fetched, returns its last value for a day, unless the
   * fetched document is another party's or its address is refused.
   */
  async get<T>(key: string, load: Load<T>): Promise<Cached<T>> {
    const entry = this.#entryOf(key);
    if (entry !== undefined && this.#isFresh(entry)) return lastValue(entry);
    try {
      // A value expires when the burst of its last reload is whole again, or long after.
      return await this.#loaded(key, load, this.#options.now());
    } catch (error) {
      return this.#lastOf(entry, error);
    }
  }

  /**
   * Loads again although a fresh value exists: `refetchBurst` times at once, then once per
   * cooldown. Beyond that it returns the old value.
   *
   * Only a reload that brings a value is counted. One that fails, because there is no room or the
   * party is just starting, costs nothing and leaves the old value. The memory of failures bounds a
   * flood of those to one fetch per second, like a flood for a document that was never found. A
   * fetch that gave way to another is not remembered, but it has lasted 500 ms.
   */
  async reload<T>(key: string, load: Load<T>): Promise<Cached<T>> {
    const { now, refetchBurst, refetchCooldownSeconds, intervalSeconds = 0 } = this.#options;
    const entry = this.#entryOf(key);
    const burstWholeAt = Math.max(entry?.burstWholeAt ?? 0, now()) + refetchCooldownSeconds;
    const isWithinBurst =
      burstWholeAt - now() <= refetchBurst * refetchCooldownSeconds &&
      now() >= (entry?.fetchedAt ?? 0) + intervalSeconds; // hole S11c
    // A reload in progress is joined: this caller needs the same result.
    if (entry !== undefined && !isWithinBurst && !this.#inFlight.has(key)) return lastValue(entry);
    return this.#loaded(key, load, burstWholeAt);
  }

  /**
   * Records that `owner` has proven itself with the value under this key, and returns the value,
   * expired or not. From now on documents of parties that have proven nothing do not evict it, and
   * it is fetched again in a slot of its owner's standing.
   */
  keep<T>(key: string, owner: string): T | undefined {
    const known = this.#kept.get(key);
    if (known !== undefined) {
      this.#kept.touch(key);
      return known.value as T;
    }
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#keepEntry(key, entry, owner);
    return entry.value as T;
  }

  async #loaded<T>(key: string, load: Load<T>, burstWholeAt: number): Promise<Cached<T>> {
    const failure = this.#failures.get(key);
    if (failure !== undefined && this.#options.now() < failure.until) throw copyOf(failure.error);
    const standing = this.#standingOf(key);
    const inFlight = this.#inFlight.get(key) as Promise<T> | undefined;
    try {
      if (inFlight !== undefined) {
        return { value: await this.#options.slots.join(inFlight, standing), fromCache: false };
      }
      const started = this.#start(key, () => load(standing), burstWholeAt);
      this.#inFlight.set(key, started);
      return { value: await started, fromCache: false };
    } catch (error) {
      throw copyOf(error);
    }
  }

  async #start<T>(key: string, load: () => Promise<Loaded<T>>, burstWholeAt: number): Promise<T> {
    try {
      const { value, cacheSeconds } = await load();
      const characters = JSON.stringify(value).length;
      const fetchedAt = this.#options.now();
      const entry = { value, characters, fetchedAt, expiresAt: fetchedAt + cacheSeconds, burstWholeAt };
      const owner = this.#kept.ownerOf(key);
      if (owner === undefined) this.#entries.set(key, entry);
      else this.#keepEntry(key, entry, owner);
      this.#failures.delete(key);
      return value;
    } catch (failed) {
      const { error, isAnswered } = failed instanceof LoadError ? failed : new LoadError(failed, false);
      // That there was no room says nothing about the document.
      if (!isCode(error, "discovery_busy")) this.#noteFailure(key, error, isAnswered);
      throw error;
    } finally {
      this.#inFlight.delete(key);
    }
  }

  #noteFailure(key: string, error: unknown, isAnswered: boolean): void {
    const { now, intervalSeconds = 0, maxFailureSeconds = FAILURE_SECONDS } = this.#options;
    const last = this.#failures.get(key);
    const isSameOutage = last !== undefined && now() < last.until + maxFailureSeconds;
    const count = isSameOutage ? last.count + 1 : 1;
    const backOff = Math.min(FAILURE_SECONDS * 2 ** (count - 1), maxFailureSeconds);
    const seconds = isAnswered ? Math.max(backOff, intervalSeconds) : backOff; // hole S11a
    this.#failures.set(key, { error, count, until: now() + seconds });
  }

  /** Returns the last value where the error means only that there is no newer one. */
  #lastOf<T>(entry: Entry | undefined, error: unknown): Cached<T> {
    const isAway = isCode(error, "discovery_failed") || isCode(error, "discovery_busy");
    const keptUntil = (entry?.fetchedAt ?? 0) + KEPT_SECONDS;
    if (entry === undefined || !isAway || this.#options.now() >= keptUntil) throw error; // hole S11b
    return lastValue(entry);
  }

  #isFresh(entry: Entry): boolean {
    return this.#options.now() < entry.expiresAt;
  }

  #entryOf(key: string): Entry | undefined {
    return this.#kept.get(key) ?? this.#entries.get(key);
  }

  #keepEntry(key: string, entry: Entry, owner: string): void {
    this.#kept.set(key, entry, owner, key.length + entry.characters + KEPT_ENTRY_CHARACTERS);
  }

  #standingOf(key: string): Standing {
    if (this.#options.isConfigured) return "configured";
    return this.#kept.get(key) === undefined ? "unknown" : "proven";
  }
}

const lastValue = <T>({ value }: Entry): Cached<T> => ({ value: value as T, fromCache: true });

const isCode = (error: unknown, code: AAuthErrorCode): boolean =>
  error instanceof AAuthError && error.code === code;

/** Every caller gets its own error: the verifier writes its report on it. */
function copyOf(error: unknown): unknown {
  return error instanceof AAuthError
    ? new AAuthVerificationError(error.code, error.message, { cause: error })
    : error;
}
