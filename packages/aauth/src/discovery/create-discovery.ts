/**
 * Creates a discovery: the guarded, bounded, cached way to the documents of parties.
 *
 * @module
 */

import { createDocumentTransport } from "#http";
import { AAuthError, AAuthVerificationError } from "../errors.ts";
import { requireBoolean } from "../keys/option-checks.ts";
import { ownerOf } from "../store/owner-of.ts";
import type { IssuerJwk, Jwks } from "../types.ts";
import type { DiscoveredKey, Discovery, DiscoveryKind, DocumentRule, PartyDocument } from "./discovery.ts";
import {
  createDocumentCache,
  type DocumentCache,
  type Load,
  LoadError,
  type Loaded,
} from "./document-cache.ts";
import { FetchSlots, type Standing } from "./fetch-slots.ts";
import { freshSeconds } from "./fresh-seconds.ts";
import { readJwks } from "./key-set.ts";
import type { DocumentTransport, FetchedDocument } from "./transport.ts";
import { guardUrl } from "./url-guard.ts";

export const MAX_BODY_BYTES = 65_536;
export const CACHE_SECONDS = 300;
const MAX_CACHE_SECONDS = 86_400;
export const TIMEOUT_MS = 5_000;

/** What a discovery may fetch, how, and how long it keeps it. */
export interface DiscoveryOptions {
  /**
   * Allows loopback and `*.localhost` (which resolves to it), also over `http`. Private and link-local addresses stay closed.
   * Default false.
   */
  readonly development?: boolean | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** For one fetch; looking a key up may take two. A whole number. Default 5000. */
  readonly timeoutMs?: number | undefined;
  /** Default: undici with a guard on the connected address; `fetch` in browsers. The URL is guarded in any case. */
  readonly transport?: DocumentTransport | undefined;
}

/**
 * Creates a discovery with its own bounded caches, for each kind of party that it is asked for. It knows no profile: a
 * look-up names its kind by a value of the profile's documents.
 *
 * Every fetch is GET, follows no redirect, reads at most 64 KiB within its time limit, and is refused unless the address is
 * public and `https` (see `development`). The document must name exactly the identity asked for. Failures are
 * remembered for 1 s, in draft -11 longer (`keySetIntervalSeconds`); a document that cannot be fetched again is used for a day.
 *
 * At most 64 documents are fetched at the same time, 40 of them for parties that have proven nothing, 6 of one owner (`ownerOf`); a
 * further fetch is refused at once with `discovery_busy`, or takes the place of one that has had 500 ms. No connection outlives its fetch.
 *
 * It does not judge whether an identity is trusted: it answers for anyone who publishes a document. Messages of its errors name
 * addresses and reasons for a log; what a caller may read is `publicRefusal` of the error.
 *
 * @throws TypeError when `development` is neither true nor false.
 * @throws (from its methods) AAuthVerificationError `discovery_blocked`, `discovery_failed`, `discovery_busy`, `metadata_mismatch`, `unknown_key`.
 *
 * @example
 * const discovery = createDiscovery({ development: true });
 * await discovery.key(draft11.documents.kinds.agent, "https://agent.example", "ap-1");
 */
export function createDiscovery(options: DiscoveryOptions = {}): Discovery {
  requireBoolean("development", options.development);
  const development = options.development ?? false;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const transport = options.transport ?? createDocumentTransport({ development });
  const slots = new FetchSlots();

  const caches = new WeakMap<DiscoveryKind, Caches>();

  function cachesOf(kind: DiscoveryKind): Caches {
    let found = caches.get(kind);
    if (found === undefined) {
      found = newCaches(kind);
      caches.set(kind, found);
    }
    return found;
  }

  function newCaches(kind: DiscoveryKind): Caches {
    const { isConfigured = false, refetchBurst, refetchCooldownSeconds, keySetIntervalSeconds } = kind;
    const bounds = { maxFailureSeconds: keySetIntervalSeconds, refetchBurst, refetchCooldownSeconds };
    const newCache = (intervalSeconds?: number) =>
      createDocumentCache({ now, intervalSeconds, ...bounds, slots, isConfigured });
    return { documents: newCache(), keySets: newCache(keySetIntervalSeconds) };
  }

  /** The document as `read` understands it, or undefined when the server reports that there is none. @throws LoadError */
  async function fetchDocument<T>(
    address: string,
    kind: DiscoveryKind,
    standing: Standing,
    read: (document: unknown) => T,
  ): Promise<Loaded<T> | undefined> {
    let fetched: FetchedDocument | undefined;
    try {
      fetched = await fetchAnswer(address, standing);
      if (fetched.status === 404) return undefined;
      return { value: read(jsonOf(fetched)), cacheSeconds: cacheSecondsOf(fetched, kind) };
    } catch (error) {
      // A body that is too long is an answer, too.
      const isAnswered = fetched !== undefined || (error as Error).cause instanceof RangeError;
      throw new LoadError(about(address, error), isAnswered);
    }
  }

  async function fetchAnswer(address: string, standing: Standing): Promise<FetchedDocument> {
    const url = guardUrl(address, { development });
    try {
      return await slots.run({ standing, owner: ownerOf(address), timeoutMs }, (signal) =>
        transport(url, { signal, maxBytes: MAX_BODY_BYTES }),
      );
    } catch (error) {
      if (error instanceof AAuthError) throw error;
      const reason = `could not be read: ${reasonOf(error)}`;
      throw new AAuthVerificationError("discovery_failed", reason, { cause: error });
    }
  }

  /** Too short a time would be none: every request would wait for a fetch. */
  function cacheSecondsOf({ headers }: FetchedDocument, { keySetIntervalSeconds }: DiscoveryKind): number {
    if (keySetIntervalSeconds === undefined) return CACHE_SECONDS;
    const seconds = (headers && freshSeconds(headers, now())) ?? CACHE_SECONDS;
    return Math.min(Math.max(seconds, keySetIntervalSeconds), MAX_CACHE_SECONDS); // hole S11d
  }

  function load<Document extends PartyDocument>(
    kind: DiscoveryKind,
    { name, read }: DocumentRule<Document>,
    id: string,
    otherwise?: DocumentRule<Document>,
  ): Load<Document> {
    return async (standing) => {
      const address = wellKnown(kind, id, name);
      const document = await fetchDocument(address, kind, standing, (found) => read(found, id));
      if (document !== undefined) return document;
      if (otherwise !== undefined) return load(kind, otherwise, id)(standing);
      throw new LoadError(none(`${name} document`, address), true);
    };
  }

  async function metadata<Document extends PartyDocument>(
    kind: DiscoveryKind<Document>,
    id: string,
  ): Promise<Document> {
    return (await cachesOf(kind).documents.get(id, load(kind, kind.document, id))).value;
  }

  async function keySetUrl(kind: DiscoveryKind, id: string): Promise<string> {
    const { document, keysElsewhere } = kind;
    const found =
      keysElsewhere === undefined
        ? await metadata(kind, id)
        : (await cachesOf(kind).documents.get(keysOf(id), load(kind, document, id, keysElsewhere))).value;
    const address = found.jwks_uri;
    if (address === undefined) throw none("jwks_uri", wellKnown(kind, id, document.name));
    return address;
  }

  async function keySet(kind: DiscoveryKind, id: string, method: "get" | "reload") {
    const address = await keySetUrl(kind, id);
    return cachesOf(kind).keySets[method](address, async (standing) => {
      const set = await fetchDocument(address, kind, standing, readJwks);
      if (set === undefined) throw new LoadError(none("key set", address), true);
      return set;
    });
  }

  /** Without a promise for each document on the way: nearly every request comes with a key that is cached. */
  function cachedKey(kind: DiscoveryKind, id: string, kid: string | undefined): DiscoveredKey | undefined {
    const { documents, keySets } = cachesOf(kind);
    const name = kind.keysElsewhere === undefined ? id : keysOf(id);
    const address = documents.cached<PartyDocument>(name)?.jwks_uri;
    const set = address === undefined ? undefined : keySets.cached<Jwks>(address);
    const jwk = set && choose(set, kid);
    return jwk && { jwk, source: "discovery-cache" };
  }

  async function findKey(kind: DiscoveryKind, id: string, kid: string | undefined): Promise<DiscoveredKey> {
    let set = await keySet(kind, id, "get");
    let jwk = choose(set.value, kid);
    if (jwk === undefined && set.fromCache) {
      set = await keySet(kind, id, "reload");
      jwk = choose(set.value, kid);
    }
    if (jwk === undefined) {
      const reason = kid === undefined ? "no single key to choose" : "no key with this kid";
      throw new AAuthVerificationError("unknown_key", reason, { claim: "kid" });
    }
    return { jwk, source: set.fromCache ? "discovery-cache" : "discovery" };
  }

  return {
    metadata,
    keys: async (kind, id) => (await keySet(kind, id, "get")).value,
    key(kind, id, kid) {
      const known = cachedKey(kind, id, kid);
      return known === undefined ? findKey(kind, id, kid) : Promise.resolve(known);
    },
    async replacedKey(kind, id, kid, refused) {
      const jwk = choose((await keySet(kind, id, "reload")).value, kid);
      return jwk === undefined || JSON.stringify(jwk) === JSON.stringify(refused) ? undefined : jwk;
    },
    proven(kind, id) {
      if (kind.isConfigured) return;
      const { documents, keySets } = cachesOf(kind);
      const owner = ownerOf(id);
      const address = documents.keep<PartyDocument>(id, owner)?.jwks_uri;
      if (address !== undefined) keySets.keep(address, owner);
    },
  };
}

/** The caches of one kind of party. */
interface Caches {
  readonly documents: DocumentCache;
  readonly keySets: DocumentCache;
}

function wellKnown({ isIdentifier }: DiscoveryKind, id: string, name: string): string {
  if (isIdentifier(id)) return `${id}/.well-known/${name}`;
  const reason = "address refused: not a canonical identifier";
  throw about(id, new AAuthVerificationError("discovery_blocked", reason));
}

/** Where the cache has what says where a party's keys are: its own document, or that of a plain OpenID provider. */
const keysOf = (id: string): string => `keys of ${id}`;

function choose(set: Jwks, kid: string | undefined): IssuerJwk | undefined {
  if (kid === undefined) return set.keys.length === 1 ? set.keys[0] : undefined;
  return set.keys.find((key) => key.kid === kid);
}

/** The same error with the address that it is about, for a log: callers get `publicRefusal` of it. */
function about(address: string, error: unknown): unknown {
  if (!(error instanceof AAuthError) || error.code === "discovery_busy") return error;
  const message = `${shown(address)}: ${error.message}`;
  return new AAuthVerificationError(error.code, message, { cause: error.cause ?? error });
}

const MAX_SHOWN_CHARACTERS = 200;

/** Untrusted callers choose it: cut, and of printable ASCII. */
function shown(text: string): string {
  const start = text.slice(0, MAX_SHOWN_CHARACTERS).replace(/[^\x20-\x7e]/g, "?");
  return text.length > MAX_SHOWN_CHARACTERS ? `${start}...` : start;
}

/** Node has no message for a host none of whose addresses could be connected to. */
function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return shown(message || code || "no reason given");
}

const none = (what: string, address: string) => about(address, failed(`no ${what}`));

function jsonOf({ status, body }: FetchedDocument): unknown {
  if (status !== 200) throw failed(`answered with status ${status}`);
  if (body.byteLength > MAX_BODY_BYTES) throw failed(`answered with more than ${MAX_BODY_BYTES} bytes`);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    throw new AAuthVerificationError("discovery_failed", "did not answer with JSON", { cause: error });
  }
}

function failed(reason: string): AAuthVerificationError {
  return new AAuthVerificationError("discovery_failed", reason);
}
