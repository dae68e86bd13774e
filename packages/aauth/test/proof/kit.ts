/**
 * Parts of a profile that the suites need: its tokens and documents, for one agent, one resource
 * and one server. Everything else goes through the profile's own codec.
 *
 * @module
 */

import type { AgentOptions } from "../../src/agent/index.ts";
import { createDiscovery } from "../../src/discovery/create-discovery.ts";
import type { Discovery } from "../../src/discovery/discovery.ts";
import type { AAuthErrorCode } from "../../src/errors.ts";
import { requestTarget } from "../../src/http-signatures/authority.ts";
import { formatSignature } from "../../src/http-signatures/signature.ts";
import { parseSignatureInput } from "../../src/http-signatures/signature-input.ts";
import { rebuildSignatureBase } from "../../src/http-signatures/verify-signature.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import type { EndpointRole, SignatureKeyScheme } from "../../src/profile/messages.ts";
import type { WireProfile } from "../../src/profile/wire-profile.ts";
import type { ChallengerOptions } from "../../src/resource/challenge.ts";
import type { VerifierOptions } from "../../src/resource/types.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import {
  type SignedRequestOptions,
  signedRequest,
  type TestRequest,
} from "../../src/testing/signed-request.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";
import type { ProvenCaller, Requirement, SigningKey } from "../../src/types.ts";

export const clock = createTestClock();
export const { now } = clock;
export const PROVIDER = "https://agent.example";
export const SERVER = "https://ps.example";
export const OTHER = "https://other.example";
export const RESOURCE = "https://resource.example";
export const AUTHORITY = "resource.example";
export const SCOPES = ["data.read"];

export const agentKey = await generateSigningKey({ kid: "agent-1" });
export const providerKey = await generateSigningKey({ kid: "provider-1" });
export const serverKey = await generateSigningKey({ kid: "server-1" });
export const resourceKey = await generateSigningKey({ kid: "resource-1" });
export const otherKey = (kid: string) => generateSigningKey({ kid });

export interface TokenOptions {
  readonly issuer?: string;
  /** Signs the token. */
  readonly key?: SigningKey;
  readonly audience?: string;
  /** The key that the token is bound to. */
  readonly boundTo?: SigningKey;
  readonly lifetimeSeconds?: number;
}

/** A credential that a caller presents, and the level that it proves. */
export interface Shown {
  readonly name: string;
  readonly level: string;
  credential(boundTo: SigningKey): Promise<SignatureKeyScheme>;
  /** The signing key; default the agent's. */
  readonly key?: SigningKey;
  /** The kind of endpoint that receives it; default a resource. */
  readonly endpoint?: EndpointRole;
  /** Levels that it does not meet, with the code of the refusal. It meets all others. */
  readonly refused: Readonly<Record<string, AAuthErrorCode>>;
}

/** Differences of a resource token that must not be sent to the server. */
export interface StrayResourceToken {
  readonly name: string;
  /** The challenger that issues it. */
  readonly party?: Partial<ChallengerOptions>;
  /** Its caller. */
  readonly caller?: (proven: ProvenCaller) => ProvenCaller;
}

export interface ProfileKit {
  readonly profile: WireProfile;
  /** Options of an agent that trusts a server. */
  trustedByAgent(server: string): Pick<AgentOptions, "profile" | "personServer">;
  /** Options of a verifier that trusts a server. */
  trusted(server: string): Pick<VerifierOptions, "profile" | "personServers">;
  /** Options of a challenger whose resource tokens are for a server. */
  challenging(server: string): Pick<ChallengerOptions, "profile" | "accessServer">;
  /** Own identifier of the agent. */
  readonly agent: string;
  /** Issues the agent's identity token, in a profile that has one. */
  readonly agentToken?: (key: SigningKey) => Promise<string>;
  readonly shown: readonly Shown[];
  /** Requirements for agents, the lowest first. */
  readonly requirements: readonly Requirement<string>[];
  /** Requirements for servers that sign for themselves. */
  readonly serverRequirements: readonly Requirement<string>[];
  /** A token for the resource, of the highest level. */
  token(options?: TokenOptions): Promise<string>;
  /** A token of a type that no resource accepts. */
  otherToken(): Promise<string>;
  /** By address. */
  documents(): Map<string, unknown>;
  /**
   * The members of a token endpoint's answer to a proven request.
   *
   * @param boundTo the key that the token is bound to; default the agent's
   */
  grant(url: string, body: string, caller: ProvenCaller, boundTo?: SigningKey): Promise<object>;
  /** Requests of the agent up to the highest level: a scheme, or a path of the server. */
  readonly climb: readonly string[];
  /** Resource tokens that are invalid in this dialect only. */
  readonly stray: readonly StrayResourceToken[];
  /** Form of a deferred answer: 202 with a `Location`, or a page where a person gets a code. */
  readonly later: "location" | "code";
}

export const jwt = (token: string): SignatureKeyScheme => ({ scheme: "jwt", jwt: token });

/** The real discovery over the kit's documents. */
export function discoveryOf({ documents }: Pick<ProfileKit, "documents">) {
  const published = documents();
  const fetched: string[] = [];
  const discovery: Discovery = createDiscovery({
    now,
    async transport(url) {
      fetched.push(url.href);
      const document = published.get(url.href);
      return {
        status: document === undefined ? 404 : 200,
        body: new TextEncoder().encode(JSON.stringify(document ?? null)),
      };
    },
  });
  return { discovery, fetched, published };
}

/** A verifier of the resource, with the fetched addresses. */
export function resourceOf(kit: ProfileKit, options: Partial<VerifierOptions> = {}) {
  const { discovery, ...documents } = discoveryOf(kit);
  const verifier = createVerifier({
    ...kit.trusted(SERVER),
    authorities: [AUTHORITY],
    audience: RESOURCE,
    discovery,
    now,
    ...options,
  });
  return { verifier, ...documents };
}

/** A signed request to the resource, by default with a grant. */
export async function requestOf(
  { profile, token }: ProfileKit,
  { credential, ...options }: Partial<SignedRequestOptions> & { credential?: SignatureKeyScheme } = {},
): Promise<TestRequest> {
  return signedRequest({
    url: `${RESOURCE}/data`,
    key: agentKey,
    signatureKey: credential ?? jwt(await token()),
    profile,
    now,
    ...options,
  });
}

/**
 * Signs a changed request again with the profile's codec, for requests that no honest signer would
 * make.
 */
export async function resigned(
  { profile: { messages } }: ProfileKit,
  request: TestRequest,
  change: { readonly input?: (value: string) => string; readonly keyClaim?: (value: string) => string },
  key: SigningKey = agentKey,
): Promise<TestRequest> {
  const { fields } = messages;
  const { input = (value) => value, keyClaim = (value) => value } = change;
  const headers = {
    ...request.headers,
    [fields.signatureKey]: keyClaim(request.headers[fields.signatureKey]!),
    [fields.signatureInput]: input(request.headers[fields.signatureInput]!),
  };
  const parsed = parseSignatureInput(headers[fields.signatureInput]!);
  const base = rebuildSignatureBase({ ...request, headers }, request.authority, parsed);
  const signature = await key.sign(new TextEncoder().encode(base));
  headers[fields.signature] = formatSignature(messages.label, signature, messages.signatureEncoding);
  return { ...request, headers };
}

export const received = (
  url: string,
  method: string,
  headers: Record<string, string>,
  body?: Uint8Array,
) => ({
  method,
  ...requestTarget(url),
  headers: { ...headers, ...(body && { "content-length": String(body.byteLength) }) },
  body,
});
