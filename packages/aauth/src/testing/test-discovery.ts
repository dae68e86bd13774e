import { createDiscovery } from "../discovery/create-discovery.ts";
import type { Discovery } from "../discovery/discovery.ts";

/**
 * Documents that parties publish, by address: metadata at their well-known addresses, key sets at
 * the `jwks_uri` that they name.
 */
export interface TestIdentities {
  /** Default: no party publishes anything. */
  readonly documents?: Readonly<Record<string, unknown>>;
}

/** A discovery over documents in memory, which shows what it was asked for. */
export interface TestDiscovery extends Discovery {
  /** Addresses fetched, in order. Assert that it is empty where nothing may be asked. */
  readonly requests: string[];
  /**
   * Puts a document in the place of another, as a party does that rotates its keys. A reader of the
   * old one may keep it.
   */
  publish(address: string, document: unknown): void;
}

/**
 * The real discovery in development mode, over documents in memory: guard, caches and checks are
 * those of production, only the network is missing.
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
