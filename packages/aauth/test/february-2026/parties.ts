import type { IssuerMetadata } from "../../src/february-2026/documents.ts";
import { type IssueAuthTokenOptions, issueAuthToken } from "../../src/february-2026/issue-tokens.ts";
import { DOCUMENTS } from "../../src/february-2026/names.ts";
import { february2026Resource } from "../../src/february-2026/profile.ts";
import { canonicalAuthority } from "../../src/http-signatures/authority.ts";
import type { Verifier, VerifierOptions } from "../../src/resource/types.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import { createTestClock, type TestClock } from "../../src/testing/test-clock.ts";
import * as neutral from "../../src/testing/test-discovery.ts";
import { testKey } from "../../src/testing/test-key.ts";
import { tokenSignerOf } from "../../src/tokens/token-signer.ts";
import type { SigningKey } from "../../src/types.ts";

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

/**
 * An agent, a resource and an auth server of February 2026 that know each other, with the demo's
 * identifiers.
 */
export interface TestParties {
  readonly clock: TestClock;
  readonly discovery: neutral.TestDiscovery;
  readonly agent: { readonly id: string; readonly key: SigningKey };
  readonly resource: { readonly id: string; readonly key: SigningKey };
  readonly authServer: { readonly issuer: string; readonly key: SigningKey };
  /** Creates the resource's verifier with the demo's settings, overridden by `options`. */
  createVerifier(options?: Partial<VerifierOptions>): Verifier;
  /** Issues an auth token to the agent for the resource, overridden by `options`. */
  issueAuthToken(options?: Partial<IssueAuthTokenOptions>): Promise<string>;
}

/**
 * Creates the three parties with fixed keys and without network access. Sign and issue with their
 * clock, which stands still at a time in the past.
 *
 * @param more additional discoverable identities
 *
 * @example
 * const { agent, resource, clock, createVerifier } = await createTestParties();
 * const request = await signedRequest({
 *   url: `${resource.id}/reports`,
 *   key: agent.key,
 *   signatureKey: { scheme: "jwks", id: agent.id },
 *   now: clock.now,
 * });
 * await createVerifier().verifyRequest(request, { level: "identified" });
 */
export async function createTestParties(more: TestIdentities = {}): Promise<TestParties> {
  const clock = createTestClock();
  const { now } = clock;
  const agent = { id: "http://backend.localhost:8000", key: await testKey("A", "backend-ephemeral-1") };
  const resource = {
    id: "http://supply-chain-agent.localhost:3000",
    key: await testKey("B", "supply-chain-agent-ephemeral-1"),
  };
  const authServer = {
    issuer: "http://localhost:8080/realms/aauth-test",
    key: await testKey("B", "realm-1"),
  };
  const discovery = createTestDiscovery(
    {
      agents: { [agent.id]: [agent.key.publicJwk], ...more.agents },
      resources: { [resource.id]: [resource.key.publicJwk], ...more.resources },
      issuers: { [authServer.issuer]: { keys: [authServer.key.publicJwk] }, ...more.issuers },
      documents: more.documents ?? {},
    },
    { now },
  );
  return {
    clock,
    discovery,
    agent,
    resource,
    authServer,
    createVerifier: (options) =>
      createVerifier({
        profile: february2026Resource({ authServer: authServer.issuer }),
        authorities: [canonicalAuthority(resource.id)],
        audience: resource.id,
        discovery,
        now,
        ...options,
      }),
    async issueAuthToken(options) {
      const { token } = await issueAuthToken({
        signer: tokenSignerOf(authServer.key),
        issuer: authServer.issuer,
        audience: resource.id,
        agent: agent.id,
        confirmationKey: agent.key.publicJwk,
        scope: "supply-chain:optimize",
        now,
        ...options,
      });
      return token;
    },
  };
}
