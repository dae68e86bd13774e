import { canonicalAuthority } from "../../http-signatures/authority.ts";
import type { Verifier, VerifierOptions } from "../../resource/types.ts";
import { createVerifier } from "../../resource/verify-request.ts";
import { createTestClock, type TestClock } from "../../testing/test-clock.ts";
import type { TestDiscovery } from "../../testing/test-discovery.ts";
import { testKey } from "../../testing/test-key.ts";
import { tokenSignerOf } from "../../tokens/token-signer.ts";
import type { SigningKey } from "../../types.ts";
import { type IssueAuthTokenOptions, issueAuthToken } from "../issue-tokens.ts";
import { february2026Resource } from "../profile.ts";
import { createTestDiscovery, type TestIdentities } from "./test-discovery.ts";

/**
 * An agent, a resource and an auth server of February 2026 that know each other, with the demo's
 * identifiers.
 */
export interface TestParties {
  readonly clock: TestClock;
  readonly discovery: TestDiscovery;
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
