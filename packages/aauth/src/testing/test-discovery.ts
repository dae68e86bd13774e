import { createDiscovery } from "../discovery/create-discovery.ts";
import type { Discovery } from "../discovery/discovery.ts";

/**
 * Published documents by address: metadata at well-known addresses, key sets at their `jwks_uri`.
 */
export interface TestIdentities {
  /** Default: no party publishes anything. */
  readonly documents?: Readonly<Record<string, unknown>>;
}

/** A discovery with documents in memory, which records its requests. */
export interface TestDiscovery extends Discovery {
  /** Fetched addresses, in order. Assert that it is empty if nothing may be fetched. */
  readonly requests: string[];
  /**
   * Replaces a document, as a party does that rotates its keys. The previous one may remain cached.
   */
  publish(address: string, document: unknown): void;
}

/**
 * Creates a discovery in development mode with documents in memory. Guard, caches and checks are
 * those of production; only the network is replaced.
 *
 * @example
 * const discovery = createTestDiscovery({
 *   documents: {
 *     "https://agents.example/.well-known/aauth-agent.json": agentProviderMetadata({ issuer: "https://agents.example" }),
 *     "https://agents.example/jwks.json": toJwks([key]),
 *   },
 * });
 */
export function createTestDiscovery(
  identities: TestIdentities,
  options: { readonly now?: () => number } = {},
): TestDiscovery {
  const documents = new Map(Object.entries(identities.documents ?? {}));
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
