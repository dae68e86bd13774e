/**
 * Finds the metadata and keys of agents, resources and issuers from their identifiers.
 *
 * @module
 */

import { createDocumentTransport } from "#http";
import { AAuthError, AAuthVerificationError } from "../errors.ts";
import { requireBoolean, requireDeadline, requireFunction, requireSeconds } from "../keys/option-checks.ts";
import { PROFILE } from "../profile.ts";
import type { AgentMetadata, IssuerMetadata, ResourceMetadata } from "../profiles/february-2026/metadata.ts";
import type { IssuerJwk, Jwks } from "../types.ts";
import { createDocumentCache, type DocumentCache } from "./document-cache.ts";
import {
  readAgentMetadata,
  readIssuerMetadata,
  readJwks,
  readOpenidConfiguration,
  readResourceMetadata,
} from "./documents.ts";
import type { DocumentTransport } from "./transport.ts";
import { guardUrl, isIdentifier } from "./url-guard.ts";

/** Whose key is asked for. `jwks` is a bare key set: the identifier is the URL of the set itself. */
export type DiscoveryKind = "agent" | "resource" | "issuer" | "jwks";

export interface DiscoveredKey {
  readonly jwk: IssuerJwk;
  readonly source: "discovery" | "discovery-cache";
}

/** Where keys come from. Every method rejects with an AAuthError of the discovery group (profile 5.2). */
export interface Discovery {
  /** The document of an identity. @param kind `agent`, `resource` or `issuer` */
  metadata(kind: string, id: string): Promise<Readonly<Record<string, unknown>>>;
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
 * It does not judge whether an identity is trusted: it answers for anyone who publishes a document.
 *
 * @throws TypeError when `transport` or `now` is no function, or `development` neither true nor false; RangeError for a `cacheSeconds` or `timeoutMs` out of range.
 * @throws (from its methods) AAuthError `discovery_blocked`, `discovery_failed`, `metadata_mismatch`, `unknown_key`.
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
  const newCache = (): DocumentCache => createDocumentCache({ now, cacheSeconds });
  const documents = { agent: newCache(), resource: newCache(), issuer: newCache() };
  const keySets = { agent: newCache(), resource: newCache(), issuer: newCache(), jwks: newCache() };

  /** The parsed document, or undefined when the server says that there is none. */
  async function fetchJson(address: string): Promise<unknown> {
    const url = guardUrl(address, { development });
    const signal = AbortSignal.timeout(timeoutMs);
    const maxBytes = PROFILE.discovery.maxBodyBytes;
    let fetched: Awaited<ReturnType<DocumentTransport>>;
    try {
      fetched = await transport(url, { signal, maxBytes });
    } catch (error) {
      if (error instanceof AAuthError) throw error;
      throw new AAuthVerificationError("discovery_failed", `${url.origin} could not be read`, {
        cause: error,
      });
    }
    if (fetched.status === 404) return undefined;
    if (fetched.status !== 200) throw failed(`${url.origin} answered with status ${fetched.status}`);
    if (fetched.body.byteLength > maxBytes)
      throw failed(`${url.origin} answered with more than ${maxBytes} bytes`);
    try {
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(fetched.body));
    } catch (error) {
      throw new AAuthVerificationError("discovery_failed", `${url.origin} did not answer with JSON`, {
        cause: error,
      });
    }
  }

  async function fetchDocument<T>(
    id: string,
    name: string,
    read: (document: unknown, id: string) => T,
  ): Promise<T> {
    const document = await fetchJson(wellKnown(id, name));
    if (document === undefined) throw failed(`no ${name} document`);
    return read(document, id);
  }

  const metadata = {
    agent: (id: string) =>
      documents.agent.get(id, () => fetchDocument(id, PROFILE.wellKnown.agent, readAgentMetadata)),
    resource: (id: string) =>
      documents.resource.get(id, () => fetchDocument(id, PROFILE.wellKnown.resource, readResourceMetadata)),
    issuer: (id: string) =>
      documents.issuer.get(id, () => fetchDocument(id, PROFILE.wellKnown.issuer, readIssuerMetadata)),
  };

  /** An issuer without an AAuth document, such as a plain OpenID provider, still publishes its keys. */
  async function issuerKeySet(id: string): Promise<{ jwks_uri: string }> {
    const document = await fetchJson(wellKnown(id, PROFILE.wellKnown.issuer));
    if (document !== undefined) return readIssuerMetadata(document, id);
    return fetchDocument(id, "openid-configuration", readOpenidConfiguration);
  }

  async function keySetUrl(kind: DiscoveryKind, id: string): Promise<string> {
    switch (kind) {
      case "agent":
        return (await metadata.agent(id)).value.jwks_uri;
      case "resource":
        return (await metadata.resource(id)).value.jwks_uri;
      case "issuer":
        return (await documents.issuer.get(keysOf(id), () => issuerKeySet(id))).value.jwks_uri;
      case "jwks":
        return id;
    }
  }

  async function keySet(kind: DiscoveryKind, id: string, method: "get" | "reload") {
    const address = await keySetUrl(kind, id);
    return keySets[kind][method](address, async () => {
      const document = await fetchJson(address);
      if (document === undefined) throw failed("no key set");
      return readJwks(document);
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
      throw new AAuthVerificationError(
        "unknown_key",
        kid === undefined ? "no single key to choose" : "no key with this kid",
      );
    }
    return { jwk, source: set.fromCache ? "discovery-cache" : "discovery" };
  }

  return {
    async metadata(kind, id) {
      if (!(kind in metadata)) throw new TypeError(`there are no documents of kind ${kind}`);
      return (await metadata[kind as keyof typeof metadata](id)).value as unknown as Readonly<
        Record<string, unknown>
      >;
    },
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
    throw new AAuthVerificationError("discovery_blocked", "address refused: not a canonical identifier");
  return `${id}/.well-known/${name}`;
}

function failed(reason: string): AAuthVerificationError {
  return new AAuthVerificationError("discovery_failed", reason);
}
