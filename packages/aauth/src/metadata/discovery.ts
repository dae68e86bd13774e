/**
 * Finds the metadata and keys of agents, resources and issuers from their identifiers.
 *
 * @module
 */

import { createDocumentTransport } from "#http";
import { AAuthError } from "../errors.ts";
import { requireBoolean, requireDeadline, requireFunction, requireSeconds } from "../keys/option-checks.ts";
import { PROFILE } from "../profile.ts";
import { ownerOf } from "../store/owner-of.ts";
import type { AgentMetadata, IssuerJwk, IssuerMetadata, Jwks, ResourceMetadata } from "../types.ts";
import { createDocumentCache, type DocumentCache, type Load } from "./document-cache.ts";
import {
  readAgentMetadata,
  readIssuerMetadata,
  readJwks,
  readOpenidConfiguration,
  readResourceMetadata,
} from "./documents.ts";
import { FetchSlots, type Standing } from "./fetch-slots.ts";
import type { DocumentTransport } from "./transport.ts";
import { guardUrl, isIdentifier } from "./url-guard.ts";

/**
 * Whose key is asked for. `jwks` is a bare key set: the identifier is the URL of the set itself. `issuer` is for those alone that the
 * caller's configuration names: they never wait behind fetches for other parties.
 */
export type DiscoveryKind = "agent" | "resource" | "issuer" | "jwks";

export interface DiscoveredKey {
  readonly jwk: IssuerJwk;
  readonly source: "discovery" | "discovery-cache";
}

/** Where keys come from. Every method rejects with an AAuthError of the discovery group (profile 5.2). */
export interface Discovery {
  agentMetadata(id: string): Promise<AgentMetadata>;
  resourceMetadata(id: string): Promise<ResourceMetadata>;
  issuerMetadata(issuer: string): Promise<IssuerMetadata>;
  /**
   * The key named `kid`; without one, the only key of the set. An unknown `kid` makes the set be fetched again, at
   * most once per 10 s, so that a rotated key is found at once.
   */
  key(kind: DiscoveryKind, id: string, kid: string | undefined): Promise<DiscoveredKey>;
  /**
   * For a signature that did not verify with `refused`, a key that came from the cache: the key that is published under
   * this `kid` now, or undefined when it is still the same. Agents that make a new key at every start may give it the
   * old name. Fetches at most once per 10 s.
   */
  replacedKey(
    kind: DiscoveryKind,
    id: string,
    kid: string | undefined,
    refused: IssuerJwk,
  ): Promise<IssuerJwk | undefined>;
  /** The whole key set. */
  keys(kind: DiscoveryKind, id: string): Promise<Jwks>;
  /**
   * Notes that a signature has verified with a key of this party: documents of parties that have proven nothing do not push its
   * documents out of the cache, and fetches for them do not delay its own. Verifiers call it.
   */
  proven?(kind: DiscoveryKind, id: string): void;
}

export interface DiscoveryOptions {
  /**
   * Allows loopback and `*.localhost` (which resolves to it), also over `http`. Private and link-local addresses stay closed.
   * Default false.
   */
  readonly development?: boolean | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** How long a document is reused; 0 for not at all. Default 300. */
  readonly cacheSeconds?: number | undefined;
  /** For one fetch; looking a key up may take two. A whole number. Default 5000. */
  readonly timeoutMs?: number | undefined;
  /** Default: undici with a guard on the connected address; `fetch` in browsers. The URL is guarded in any case. */
  readonly transport?: DocumentTransport | undefined;
}

/**
 * Creates a discovery with its own bounded caches, one per kind of identity.
 *
 * Every fetch is GET, follows no redirect, reads at most 64 KiB within its time limit, and is refused unless the address is
 * public and `https` (see `development`). The document must name exactly the identity asked for. Failures are
 * remembered for 2 s.
 *
 * At most 64 documents are fetched at the same time, 40 of them for parties that have proven nothing, 6 of one owner (`ownerOf`); a
 * further fetch is refused at once with `discovery_busy`, or takes the place of one that has had 500 ms. No connection outlives its fetch.
 *
 * It does not judge whether an identity is trusted: it answers for anyone who publishes a document. Messages of its errors name
 * addresses and reasons for a log; what a caller may read is `publicRefusal` of the error.
 *
 * @throws TypeError when `transport` or `now` is no function, or `development` neither true nor false; RangeError for a `cacheSeconds` or `timeoutMs` out of range.
 * @throws (from its methods) AAuthError `discovery_blocked`, `discovery_failed`, `discovery_busy`, `metadata_mismatch`, `unknown_key`.
 *
 * @example
 * const discovery = createDiscovery({ development: true });
 * await discovery.key("agent", "http://backend.localhost:8000", "backend-ephemeral-1");
 */
export function createDiscovery(options: DiscoveryOptions = {}): Discovery {
  requireBoolean("development", options.development);
  requireFunction("now", options.now);
  requireFunction("transport", options.transport);
  requireSeconds("cacheSeconds", options.cacheSeconds);
  requireDeadline("timeoutMs", options.timeoutMs);
  const development = options.development ?? false;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const cacheSeconds = options.cacheSeconds ?? PROFILE.discovery.cacheSeconds;
  const timeoutMs = options.timeoutMs ?? PROFILE.discovery.timeoutMs;
  const transport = options.transport ?? createDocumentTransport({ development });
  const slots = new FetchSlots();
  const newCache = (isConfigured = false): DocumentCache =>
    createDocumentCache({ now, cacheSeconds, slots, isConfigured });
  const documents = { agent: newCache(), resource: newCache(), issuer: newCache(true) };
  const keySets = { agent: newCache(), resource: newCache(), issuer: newCache(true), jwks: newCache() };

  /** The document as `read` understands it, or undefined when the server reports that there is none. */
  async function fetchDocument<T>(
    address: string,
    standing: Standing,
    read: (document: unknown) => T,
  ): Promise<T | undefined> {
    try {
      const document = await fetchJson(address, standing);
      return document === undefined ? undefined : read(document);
    } catch (error) {
      throw about(address, error);
    }
  }

  async function fetchJson(address: string, standing: Standing): Promise<unknown> {
    const url = guardUrl(address, { development });
    const maxBytes = PROFILE.discovery.maxBodyBytes;
    let fetched: Awaited<ReturnType<DocumentTransport>>;
    try {
      fetched = await slots.run({ standing, owner: ownerOf(address), timeoutMs }, (signal) =>
        transport(url, { signal, maxBytes }),
      );
    } catch (error) {
      if (error instanceof AAuthError) throw error;
      throw new AAuthError("discovery_failed", `could not be read: ${reasonOf(error)}`, { cause: error });
    }
    if (fetched.status === 404) return undefined;
    if (fetched.status !== 200) throw failed(`answered with status ${fetched.status}`);
    if (fetched.body.byteLength > maxBytes) throw failed(`answered with more than ${maxBytes} bytes`);
    try {
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(fetched.body));
    } catch (error) {
      throw new AAuthError("discovery_failed", "did not answer with JSON", { cause: error });
    }
  }

  function documentLoad<T>(id: string, name: string, read: (document: unknown, id: string) => T): Load<T> {
    return async (standing) => {
      const address = wellKnown(id, name);
      const document = await fetchDocument(address, standing, (found) => read(found, id));
      return document ?? none(`${name} document`, address);
    };
  }

  const metadata = {
    agent: (id: string) =>
      documents.agent.get(id, documentLoad(id, PROFILE.wellKnown.agent, readAgentMetadata)),
    resource: (id: string) =>
      documents.resource.get(id, documentLoad(id, PROFILE.wellKnown.resource, readResourceMetadata)),
    issuer: (id: string) =>
      documents.issuer.get(id, documentLoad(id, PROFILE.wellKnown.issuer, readIssuerMetadata)),
  };

  /** An issuer without an AAuth document, such as a plain OpenID provider, still publishes its keys. */
  function issuerKeySet(id: string): Load<{ jwks_uri: string }> {
    return async (standing) => {
      const address = wellKnown(id, PROFILE.wellKnown.issuer);
      const document = await fetchDocument(address, standing, (found) => readIssuerMetadata(found, id));
      return document ?? documentLoad(id, "openid-configuration", readOpenidConfiguration)(standing);
    };
  }

  async function keySetUrl(kind: DiscoveryKind, id: string): Promise<string> {
    switch (kind) {
      case "agent":
        return (await metadata.agent(id)).value.jwks_uri;
      case "resource":
        return (await metadata.resource(id)).value.jwks_uri;
      case "issuer":
        return (await documents.issuer.get(keysOf(id), issuerKeySet(id))).value.jwks_uri;
      case "jwks":
        return id;
    }
  }

  async function keySet(kind: DiscoveryKind, id: string, method: "get" | "reload") {
    const address = await keySetUrl(kind, id);
    return keySets[kind][method](address, async (standing) => {
      return (await fetchDocument(address, standing, readJwks)) ?? none("key set", address);
    });
  }

  /** Without a promise for each document on the way: nearly every request comes with a key that is at hand. */
  function keyAtHand(kind: DiscoveryKind, id: string, kid: string | undefined): DiscoveredKey | undefined {
    const name = kind === "issuer" ? keysOf(id) : id;
    const address = kind === "jwks" ? id : documents[kind].atHand<{ jwks_uri: string }>(name)?.jwks_uri;
    const set = address === undefined ? undefined : keySets[kind].atHand<Jwks>(address);
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
      throw new AAuthError(
        "unknown_key",
        kid === undefined ? "no single key to choose" : "no key with this kid",
      );
    }
    return { jwk, source: set.fromCache ? "discovery-cache" : "discovery" };
  }

  return {
    agentMetadata: async (id) => (await metadata.agent(id)).value,
    resourceMetadata: async (id) => (await metadata.resource(id)).value,
    issuerMetadata: async (id) => (await metadata.issuer(id)).value,
    keys: async (kind, id) => (await keySet(kind, id, "get")).value,
    key(kind, id, kid) {
      const known = keyAtHand(kind, id, kid);
      return known === undefined ? findKey(kind, id, kid) : Promise.resolve(known);
    },
    async replacedKey(kind, id, kid, refused) {
      const jwk = choose((await keySet(kind, id, "reload")).value, kid);
      return jwk === undefined || JSON.stringify(jwk) === JSON.stringify(refused) ? undefined : jwk;
    },
    proven(kind, id) {
      if (kind === "issuer") return;
      const owner = ownerOf(id);
      const address = kind === "jwks" ? id : documents[kind].keep<{ jwks_uri: string }>(id, owner)?.jwks_uri;
      if (address !== undefined) keySets[kind].keep(address, owner);
    },
  };
}

/** Where the cache has what says where an issuer's keys are: its AAuth document, or that of a plain OpenID provider. */
const keysOf = (issuer: string): string => `keys of ${issuer}`;

function choose(set: Jwks, kid: string | undefined): IssuerJwk | undefined {
  if (kid === undefined) return set.keys.length === 1 ? set.keys[0] : undefined;
  return set.keys.find((key) => key.kid === kid);
}

function wellKnown(id: string, name: string): string {
  if (!isIdentifier(id))
    throw about(id, new AAuthError("discovery_blocked", "address refused: not a canonical identifier"));
  return `${id}/.well-known/${name}`;
}

/** The same error with the address that it is about, for a log: callers get `publicRefusal` of it. */
function about(address: string, error: unknown): unknown {
  if (!(error instanceof AAuthError) || error.code === "discovery_busy") return error;
  return new AAuthError(error.code, `${shown(address)}: ${error.message}`, { cause: error.cause ?? error });
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

function none(what: string, address: string): never {
  throw about(address, failed(`no ${what}`));
}

function failed(reason: string): AAuthError {
  return new AAuthError("discovery_failed", reason);
}
