/**
 * Creates a discovery: guarded, bounded and cached access to the documents of parties.
 *
 * @module
 */

import { createDocumentTransport } from "#http";
import { AAuthVerificationError } from "../errors.ts";
import {
  checkOptions,
  type OptionChecks,
  requireBoolean,
  requireFunction,
  requireMade,
  unchecked,
} from "../keys/option-checks.ts";
import { ownerOf } from "../store/owner-of.ts";
import type { IssuerJwk, Jwks } from "../types.ts";
import type { AddressMap } from "./address-map.ts";
import type { DiscoveredKey, Discovery, DiscoveryKind, DocumentRule, PartyDocument } from "./discovery.ts";
import { type Cached, DocumentCache, type Load, LoadError } from "./document-cache.ts";
import {
  aboutAddress,
  createFetchDocument,
  type FetchDocument,
  missing,
  printable,
} from "./fetch-document.ts";
import { FetchSlots } from "./fetch-slots.ts";
import { readJwks } from "./key-set.ts";
import type { DocumentTransport } from "./transport.ts";

const TIMEOUT_MS = 5_000;

/** Options of a discovery. */
export interface DiscoveryOptions {
  /**
   * Allows loopback and `*.localhost`, even over `http`. Private and link-local addresses remain
   * forbidden. Default false.
   */
  readonly development?: boolean | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** Time limit of one fetch, a whole number; a key may take two fetches. Default 5000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Addresses of parties that are not at their identifiers. Agents and servers with this discovery
   * also send their requests there. Default: none.
   */
  readonly addresses?: AddressMap | undefined;
  /**
   * Default: that of `addresses`; without it, undici with a guard on the connected address; `fetch`
   * in browsers. The URL is always guarded.
   */
  readonly transport?: DocumentTransport | undefined;
}

/**
 * Creates a discovery with bounded caches for each kind of party. It is independent of profiles:
 * callers pass a kind from the profile's documents.
 *
 * Every fetch is GET, follows no redirect, reads at most 64 KiB within its time limit, and is
 * refused unless the address is public and `https` (see `development`). The document must name
 * exactly the requested identity. Failures are cached for 1 s, in draft -11 longer
 * (`keySetIntervalSeconds`); a document that cannot be refreshed is used for up to a day.
 *
 * At most 64 documents are fetched concurrently, 40 of them for unproven parties and 6 of one owner
 * (`ownerOf`). A further fetch is refused at once with `discovery_busy`, or replaces one that is
 * older than 500 ms. No connection outlives its fetch.
 *
 * Does NOT check whether an identity is trusted: any party may publish a document. Error messages
 * name addresses and reasons, for logs only; callers may see `publicRefusal` of the error.
 *
 * @throws TypeError for an invalid or unknown option
 * @throws (from its methods) AAuthVerificationError `discovery_blocked`, `discovery_failed`,
 * `discovery_busy`, `metadata_mismatch`, `unknown_key`.
 *
 * @example
 * const discovery = createDiscovery({ development: true });
 * await discovery.key(draft11.documents.kinds.agent, "https://agent.example", "ap-1");
 */
export function createDiscovery(options: DiscoveryOptions = {}): Discovery {
  checkOptions(options, OPTION_CHECKS);
  const { development = false, timeoutMs = TIMEOUT_MS } = options;
  const { now = () => Math.floor(Date.now() / 1000) } = options;
  const { addresses, transport = addresses?.documents ?? createDocumentTransport({ development }) } = options;
  const slots = new FetchSlots();
  const fetchDocument = createFetchDocument({ development, now, timeoutMs, transport, slots });
  const kinds = new WeakMap<DiscoveryKind, Parties>();

  function partiesOf(kind: DiscoveryKind): Parties {
    const known = kinds.get(kind) ?? new Parties(kind, { now, slots, fetchDocument });
    kinds.set(kind, known);
    return known;
  }

  return {
    addresses,
    metadata: <Document extends PartyDocument>(kind: DiscoveryKind<Document>, id: string) =>
      partiesOf(kind).document(id) as Promise<Document>,
    keys: async (kind, id) => (await partiesOf(kind).keySet(id, "get")).value,
    async key(kind, id, kid) {
      const parties = partiesOf(kind);
      return parties.cachedKey(id, kid) ?? parties.findKey(id, kid);
    },
    async replacedKey(kind, id, kid, refused) {
      const jwk = choose((await partiesOf(kind).keySet(id, "reload")).value, kid);
      return jwk === undefined || JSON.stringify(jwk) === JSON.stringify(refused) ? undefined : jwk;
    },
    proven(kind, id) {
      if (!kind.isConfigured) partiesOf(kind).keep(id);
    },
  };
}

const OPTION_CHECKS: OptionChecks<DiscoveryOptions> = {
  development: requireBoolean,
  now: requireFunction,
  timeoutMs: unchecked,
  addresses: (name, value) => requireMade(name, value, "documents", "createAddressMap"),
  transport: requireFunction,
};

/** Documents and key sets of one kind of party. */
class Parties {
  readonly #kind: DiscoveryKind;
  readonly #documents: DocumentCache;
  readonly #keySets: DocumentCache;
  readonly #fetchDocument: FetchDocument;

  constructor(
    kind: DiscoveryKind,
    { now, slots, fetchDocument }: { now(): number; slots: FetchSlots; fetchDocument: FetchDocument },
  ) {
    const { isConfigured = false, refetchBurst, refetchCooldownSeconds, keySetIntervalSeconds } = kind;
    const maxFailureSeconds = keySetIntervalSeconds;
    const shared = { now, slots, isConfigured, maxFailureSeconds, refetchBurst, refetchCooldownSeconds };
    this.#kind = kind;
    this.#fetchDocument = fetchDocument;
    this.#documents = new DocumentCache(shared);
    this.#keySets = new DocumentCache({ ...shared, intervalSeconds: keySetIntervalSeconds });
  }

  async document(id: string): Promise<PartyDocument> {
    return (await this.#documents.get(id, this.#loader(this.#kind.document, id))).value;
  }

  async keySet(id: string, method: "get" | "reload"): Promise<Cached<Jwks>> {
    const address = await this.#keySetUrl(id);
    return this.#keySets[method](address, async (standing) => {
      const set = await this.#fetchDocument(address, this.#kind, standing, readJwks);
      if (set === undefined) throw new LoadError(missing("key set", address), true);
      return set;
    });
  }

  /** Synchronous fast path: most requests use a cached key. */
  cachedKey(id: string, kid: string | undefined): DiscoveredKey | undefined {
    const name = this.#kind.keysElsewhere === undefined ? id : keysOf(id);
    const address = this.#documents.cached<PartyDocument>(name)?.jwks_uri;
    const set = address === undefined ? undefined : this.#keySets.cached<Jwks>(address);
    const jwk = set && choose(set, kid);
    return jwk && { jwk, source: "discovery-cache" };
  }

  async findKey(id: string, kid: string | undefined): Promise<DiscoveredKey> {
    let set = await this.keySet(id, "get");
    let jwk = choose(set.value, kid);
    if (jwk === undefined && set.fromCache) {
      set = await this.keySet(id, "reload");
      jwk = choose(set.value, kid);
    }
    if (jwk === undefined) {
      const reason =
        kid === undefined
          ? "has several keys or none, and no kid is named"
          : `has no key "${printable(kid)}": publish it first`;
      throw new AAuthVerificationError("unknown_key", `the key set of ${printable(id)} ${reason}`, {
        claim: "kid",
      });
    }
    return { jwk, source: set.fromCache ? "discovery-cache" : "discovery" };
  }

  keep(id: string): void {
    const owner = ownerOf(id);
    const address = this.#documents.keep<PartyDocument>(id, owner)?.jwks_uri;
    if (address !== undefined) this.#keySets.keep(address, owner);
  }

  async #keySetUrl(id: string): Promise<string> {
    const { document, keysElsewhere } = this.#kind;
    const { jwks_uri: address } =
      keysElsewhere === undefined
        ? await this.document(id)
        : (await this.#documents.get(keysOf(id), this.#loader(document, id, keysElsewhere))).value;
    if (address === undefined) throw missing("jwks_uri", wellKnown(this.#kind, id, document.name));
    return address;
  }

  #loader({ name, read }: DocumentRule, id: string, otherwise?: DocumentRule): Load<PartyDocument> {
    return async (standing) => {
      const address = wellKnown(this.#kind, id, name);
      const document = await this.#fetchDocument(address, this.#kind, standing, (found) => read(found, id));
      if (document !== undefined) return document;
      if (otherwise !== undefined) return this.#loader(otherwise, id)(standing);
      throw new LoadError(missing(`${name} document`, address), true);
    };
  }
}

function wellKnown({ isIdentifier }: DiscoveryKind, id: string, name: string): string {
  if (isIdentifier(id)) return `${id}/.well-known/${name}`;
  const reason = "address refused: not a canonical identifier";
  throw aboutAddress(id, new AAuthVerificationError("discovery_blocked", reason));
}

/**
 * Cache key of the document that names a party's key set: its own, or that of an OpenID provider.
 */
const keysOf = (id: string): string => `keys of ${id}`;

function choose(set: Jwks, kid: string | undefined): IssuerJwk | undefined {
  if (kid === undefined) return set.keys.length === 1 ? set.keys[0] : undefined;
  return set.keys.find((key) => key.kid === kid);
}
