import { createDiscovery } from "../discovery/create-discovery.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { IssuerMetadata } from "../profiles/february-2026/metadata.ts";
import { DOCUMENTS } from "../profiles/february-2026/names.ts";
import type { WireProfile } from "../profiles/wire-profile.ts";

/** Who is found, by identifier; in February 2026 by all of these, in draft -11 by `documents`. Default: no party. */
export interface TestIdentities {
  /** Public keys, as JWKs with a `kid`, by agent identifier. */
  readonly agents?: Readonly<Record<string, readonly object[]>>;
  /** The same by resource identifier. */
  readonly resources?: Readonly<Record<string, readonly object[]>>;
  /** The same by issuer. The endpoints are those of the Keycloak extension unless given. */
  readonly issuers?: Readonly<
    Record<string, { readonly keys: readonly object[]; readonly metadata?: Partial<IssuerMetadata> }>
  >;
  /** Any further document by its address. */
  readonly documents?: Readonly<Record<string, unknown>>;
}

/** A discovery over documents in memory, which shows what it was asked for. */
export interface TestDiscovery extends Discovery {
  /** Addresses fetched, in order. Assert that it is empty where nothing may be asked. */
  readonly requests: string[];
  /** Puts a document in the place of another, as a party does that rotates its keys. A reader of the old one may keep it. */
  publish(address: string, document: unknown): void;
}

/**
 * The real discovery, by default of `february2026`, in development mode, over documents in memory: guard, caches and checks are those of production,
 * only the network is missing.
 *
 * @example
 * const discovery = createTestDiscovery({ agents: { "https://agent.example": [key.publicJwk] } });
 */
export function createTestDiscovery(
  identities: TestIdentities,
  options: { now?: () => number; profile?: WireProfile } = {},
): TestDiscovery {
  const documents = new Map<string, unknown>();
  const publish = (id: string, name: string, metadata: object, keysAt: string, keys: readonly object[]) => {
    documents.set(`${id}/.well-known/${name}`, { jwks_uri: keysAt, ...metadata });
    documents.set(keysAt, { keys });
  };
  for (const [agent, keys] of Object.entries(identities.agents ?? {})) {
    publish(agent, DOCUMENTS.agent, { agent }, `${agent}/jwks.json`, keys);
  }
  for (const [resource, keys] of Object.entries(identities.resources ?? {})) {
    publish(resource, DOCUMENTS.resource, { resource }, `${resource}/jwks.json`, keys);
  }
  for (const [issuer, { keys, metadata }] of Object.entries(identities.issuers ?? {})) {
    const endpoints = {
      issuer,
      agent_token_endpoint: `${issuer}/protocol/aauth/agent/token`,
      agent_auth_endpoint: `${issuer}/protocol/aauth/agent/auth`,
    };
    publish(issuer, DOCUMENTS.issuer, { ...endpoints, ...metadata }, `${issuer}/protocol/aauth/certs`, keys);
  }
  for (const [address, document] of Object.entries(identities.documents ?? {}))
    documents.set(address, document);

  const requests: string[] = [];
  const discovery = createDiscovery({
    development: true,
    ...options,
    async transport(url) {
      const address = url.href;
      requests.push(address);
      const document = documents.get(address);
      const status = document === undefined ? 404 : 200;
      return { status, body: new TextEncoder().encode(JSON.stringify(document ?? null)) };
    },
  });
  return { ...discovery, requests, publish: (address, document) => void documents.set(address, document) };
}
