import * as neutral from "../../testing/test-discovery.ts";
import type { IssuerMetadata } from "../documents.ts";
import { DOCUMENTS } from "../names.ts";

/** Discoverable parties by identifier. Default: none. */
export interface TestIdentities extends neutral.TestIdentities {
  /** Public keys, as JWKs with a `kid`, by agent identifier. */
  readonly agents?: Readonly<Record<string, readonly object[]>>;
  /** Public keys by resource identifier. */
  readonly resources?: Readonly<Record<string, readonly object[]>>;
  /** Public keys by issuer identifier. Default endpoints: those of the Keycloak extension. */
  readonly issuers?: Readonly<
    Record<string, { readonly keys: readonly object[]; readonly metadata?: Partial<IssuerMetadata> }>
  >;
}

/**
 * Creates a test discovery, as in `aauth/testing`, with the documents of these parties.
 *
 * @example
 * const discovery = createTestDiscovery({ agents: { "https://agent.example": [key.publicJwk] } });
 */
export function createTestDiscovery(
  { agents = {}, resources = {}, issuers = {}, documents: others = {} }: TestIdentities,
  options: { readonly now?: () => number } = {},
): neutral.TestDiscovery {
  const documents: Record<string, unknown> = {};
  const publish = (id: string, name: string, metadata: object, keysAt: string, keys: readonly object[]) => {
    documents[`${id}/.well-known/${name}`] = { jwks_uri: keysAt, ...metadata };
    documents[keysAt] = { keys };
  };
  for (const [agent, keys] of Object.entries(agents)) {
    publish(agent, DOCUMENTS.agent, { agent }, `${agent}/jwks.json`, keys);
  }
  for (const [resource, keys] of Object.entries(resources)) {
    publish(resource, DOCUMENTS.resource, { resource }, `${resource}/jwks.json`, keys);
  }
  for (const [issuer, { keys, metadata }] of Object.entries(issuers)) {
    const endpoints = {
      issuer,
      agent_token_endpoint: `${issuer}/protocol/aauth/agent/token`,
      agent_auth_endpoint: `${issuer}/protocol/aauth/agent/auth`,
    };
    publish(issuer, DOCUMENTS.issuer, { ...endpoints, ...metadata }, `${issuer}/protocol/aauth/certs`, keys);
  }
  return neutral.createTestDiscovery({ documents: { ...documents, ...others } }, options);
}
