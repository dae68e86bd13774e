/**
 * The cache of discovery: bounded, with one load in flight per key and brief caching of failures.
 *
 * @module
 */

import { AAuthError, type AAuthErrorCode, AAuthVerificationError } from "../errors.ts";
import { FairMap } from "../store/fair-map.ts";
import { RecentMap } from "../store/recent-map.ts";
import type { FetchSlots, Standing } from "./fetch-slots.ts";

/**
 * Time for which a failure is cached, doubled while the outage lasts. It bounds the fetches of an
 * unavailable document; a party that has just started is found after it.
 */
const FAILURE_SECONDS = 1;
/** Time for which a document that cannot be refreshed is used. */
const KEPT_SECONDS = 86_400;

export interface Cached<T> {
  readonly value: T;
  /** False if this call loaded the value. */
  readonly fromCache: boolean;
}

const MAX_ENTRIES = 1_000;
/**
 * Total characters of the documents of unproven parties. A thousand ordinary ones have half a
 * million.
 */
const MAX_UNKNOWN_CHARACTERS = 524_288;
/** Total characters of the documents of proven parties. */
const MAX_KEPT_CHARACTERS = 1_048_576;
/**
 * Weight of each such entry in addition to its characters, which limits their number to two
 * thousand.
 */
const KEPT_ENTRY_CHARACTERS = 500;

interface Entry {
  readonly value: unknown;
  readonly characters: number;
  readonly expiresAt: number;
  /** Time of the fetch, Unix seconds. */
  readonly fetchedAt: number;
  /**
   * Time at which its full burst of reloads is available again, Unix seconds. Each reload adds a
   * cooldown.
   */
  readonly burstWholeAt: number;
}

interface Failure {
  readonly error: unknown;
  /** Number of successive failures. */
  readonly count: number;
  /** Time until which it is cached, Unix seconds. */
  readonly until: number;
}

export interface DocumentCacheOptions {
  readonly now: () => number;
  /**
   * Minimum seconds between fetches of a document whose server responds. Default: only burst and
   * failures limit fetches.
   */
  readonly intervalSeconds?: number | undefined;
  /** Maximum seconds for which a failure is cached. Default: 1. */
  readonly maxFailureSeconds?: number | undefined;
  /** As in `DiscoveryKind`. */
  readonly refetchBurst: number;
  readonly refetchCooldownSeconds: number;
  readonly slots: FetchSlots;
  /** Whether all documents belong to configured parties. */
  readonly isConfigured: boolean;
}

/** Result of a fetch. */
export interface Loaded<T> {
  readonly value: T;
  readonly cacheSeconds: number;
}

/** Failure of a fetch. */
export class LoadError extends Error {
  readonly error: unknown;
  /** Whether the server responded at all. */
  readonly isAnswered: boolean;

  constructor(error: unknown, isAnswered: boolean) {
    super("the document could not be loaded", { cause: error });
    this.error = error;
    this.isAnswered = isAnswered;
  }
}

/** Fetches a document in a slot for this standing. @throws LoadError */
export type Load<T> = (standing: Standing) => Promise<Loaded<T>>;

/** Bounded cache of documents by key. */
export class DocumentCache {
  readonly #options: DocumentCacheOptions;
  /** Documents of unproven parties. */
  readonly #entries = new RecentMap<string, Entry>(MAX_ENTRIES, {
    maxWeight: MAX_UNKNOWN_CHARACTERS,
    weigh: (key, { characters }) => key.length + characters,
  });
  readonly #kept = new FairMap<Entry>(MAX_KEPT_CHARACTERS);
  /** Separate from the entries, so that a flood of failing identities cannot evict others. */
  readonly #failures = new RecentMap<string, Failure>(MAX_ENTRIES);
  readonly #inFlight = new Map<string, Promise<unknown>>();

  constructor(options: DocumentCacheOptions) {
    this.#options = options;
  }

  /** The cached value; undefined if there is none, or it has expired. */
  cached<T>(key: string): T | undefined {
    const entry = this.#entryOf(key);
    return entry !== undefined && this.#isFresh(entry) ? (entry.value as T) : undefined;
  }

  /**
   * Returns the cached value, or loads it. Concurrent calls for one key share a load. While the
   * document cannot be fetched, returns its last value for up to a day, unless the fetched document
   * names another party or its address is refused.
   */
  async get<T>(key: string, load: Load<T>): Promise<Cached<T>> {
    const entry = this.#entryOf(key);
    if (entry !== undefined && this.#isFresh(entry)) return lastValue(entry);
    try {
      // A value never expires before the burst of its last reload is restored.
      return await this.#loaded(key, load, this.#options.now());
    } catch (error) {
      return this.#lastOf(entry, error);
    }
  }

  /**
   * Loads again even if a fresh value exists: up to `refetchBurst` times in succession, then once
   * per cooldown. Otherwise returns the old value.
   *
   * Only successful reloads are counted. A failed one, for lack of a slot or because the party is
   * just starting, leaves the old value. The caching of failures limits these to one fetch per
   * second. A fetch that gave way to another is not cached as a failure, but has lasted 500 ms.
   */
  async reload<T>(key: string, load: Load<T>): Promise<Cached<T>> {
    const { now, refetchBurst, refetchCooldownSeconds, intervalSeconds = 0 } = this.#options;
    const entry = this.#entryOf(key);
    const burstWholeAt = Math.max(entry?.burstWholeAt ?? 0, now()) + refetchCooldownSeconds;
    const isWithinBurst =
      burstWholeAt - now() <= refetchBurst * refetchCooldownSeconds &&
      now() >= (entry?.fetchedAt ?? 0) + intervalSeconds; // hole S11c: true
    // A pending reload is joined, because this caller needs the same result.
    if (entry !== undefined && !isWithinBurst && !this.#inFlight.has(key)) return lastValue(entry);
    return this.#loaded(key, load, burstWholeAt);
  }

  /**
   * Records that `owner` has proven itself with the value of this key, and returns the value, even
   * if expired. Documents of unproven parties can no longer evict it, and it is refetched in a slot
   * for proven parties.
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
      // A lack of slots is not a failure of the document.
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

  /** Returns the last value if the error only means that no newer one is available. */
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

/** Each caller gets its own error, because the verifier attaches its report to it. */
function copyOf(error: unknown): unknown {
  return error instanceof AAuthError
    ? new AAuthVerificationError(error.code, error.message, { cause: error })
    : error;
}
