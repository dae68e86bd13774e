/**
 * What the suites need of a profile: its tokens and documents, in a world of one agent, one resource and one server. Everything else is
 * done through the profile's own codec.
 *
 * @module
 */

import { createDiscovery } from "../../src/discovery/create-discovery.ts";
import type { Discovery } from "../../src/discovery/discovery.ts";
import { issueAgentToken, issueAuthToken, issueResourceToken } from "../../src/february-2026/issue-tokens.ts";
import { february2026 } from "../../src/february-2026/profile.ts";
import { requestTarget } from "../../src/http-signatures/authority.ts";
import { parseSignatureInput } from "../../src/http-signatures/signature-input.ts";
import { rebuildSignatureBase } from "../../src/http-signatures/verify-signature.ts";
import { toJwks } from "../../src/keys/jwks.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import type { SignatureKeyScheme } from "../../src/profile/messages.ts";
import type { WireProfile } from "../../src/profile/wire-profile.ts";
import type { VerifierOptions } from "../../src/resource/types.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import {
  type SignedRequestOptions,
  signedRequest,
  type TestRequest,
} from "../../src/testing/signed-request.ts";
import { createTestClock } from "../../src/testing/test-clock.ts";
import { tokenSignerOf } from "../../src/tokens/token-signer.ts";
import type { ProvenCaller, Requirement, SigningKey } from "../../src/types.ts";
import { issueToy, TOY_TYPES, toyOnSharedField, toyProfile } from "./toy-profile.ts";

export const clock = createTestClock();
export const { now } = clock;
export const PROVIDER = "https://agent.example";
export const SERVER = "https://ps.example";
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
  readonly scope?: string;
  readonly agent?: string;
}

/** How a caller shows itself, and what that proves. */
export interface Shown {
  readonly name: string;
  readonly level: string;
  credential(boundTo: SigningKey): Promise<SignatureKeyScheme>;
  /** Who signs; default the agent. */
  readonly key?: SigningKey;
}

export interface ProfileKit {
  readonly profile: WireProfile;
  /** Own identifier of the agent. */
  readonly agent: string;
  /** How the agent gets its identity token, where it has one. */
  readonly agentToken?: (key: SigningKey) => Promise<string>;
  readonly shown: readonly Shown[];
  /** Requirements that are met from this level on. */
  readonly requirements: readonly Requirement<string>[];
  /** A token for the resource, of the highest level. */
  token(options?: TokenOptions): Promise<string>;
  /** A token of a type that no resource accepts. */
  otherToken(): Promise<string>;
  /** By address. */
  documents(): Map<string, unknown>;
  /** The members of a token endpoint's answer to a proven request. */
  grant(url: string, body: string, caller: ProvenCaller): Promise<object>;
  /** What the agent sends on its way up: a scheme, or a path of the server. */
  readonly climb: readonly string[];
}

/** Documents with their key sets, as a profile names them. */
function documentsOf(
  { documents: { kinds } }: WireProfile,
  parties: readonly (readonly [kind: string, id: string, members: object, key: SigningKey])[],
): Map<string, unknown> {
  return new Map<string, unknown>(
    parties.flatMap(([kind, id, members, key]): [string, unknown][] => [
      [`${id}/.well-known/${kinds[kind]!.document.name}`, { ...members, jwks_uri: `${id}/${kind}.jwks` }],
      [`${id}/${kind}.jwks`, toJwks([key])],
    ]),
  );
}

const jwt = (token: string): SignatureKeyScheme => ({ scheme: "jwt", jwt: token });

// ------------------------------------------------------------------------------------------------------------------ february

const februaryToken = async (options: TokenOptions = {}) => {
  const { issuer = SERVER, key = serverKey, audience = RESOURCE, boundTo = agentKey } = options;
  const { token } = await issueAuthToken({
    signer: tokenSignerOf(key),
    issuer,
    audience,
    agent: options.agent ?? PROVIDER,
    confirmationKey: boundTo.publicJwk,
    scope: options.scope ?? SCOPES.join(" "),
    lifetimeSeconds: options.lifetimeSeconds ?? 300,
    now,
  });
  return token;
};

export const februaryKit: ProfileKit = {
  profile: february2026,
  agent: PROVIDER,
  shown: [
    { name: "a key", level: "pseudonymous", credential: async () => ({ scheme: "hwk" }) },
    {
      name: "a published key",
      level: "identified",
      credential: async () => ({ scheme: "jwks", id: PROVIDER }),
    },
    {
      name: "an agent token",
      level: "identified",
      credential: async (boundTo) =>
        jwt(
          await issueAgentToken({
            key: providerKey,
            agent: `${PROVIDER}/tokens`,
            delegate: "one",
            confirmationKey: boundTo.publicJwk,
            now,
          }),
        ),
    },
    {
      name: "an auth token",
      level: "authorized",
      credential: async (boundTo) => jwt(await februaryToken({ boundTo })),
    },
  ],
  requirements: [{ level: "pseudonymous" }, { level: "identified" }, { level: "authorized", scopes: SCOPES }],
  token: februaryToken,
  otherToken: () =>
    issueResourceToken({
      key: resourceKey,
      resource: RESOURCE,
      authServer: SERVER,
      agent: PROVIDER,
      agentJkt: agentKey.thumbprint,
      scope: SCOPES.join(" "),
      now,
    }),
  documents: () =>
    documentsOf(february2026, [
      ["agent", PROVIDER, { agent: PROVIDER }, agentKey],
      ["agent", `${PROVIDER}/tokens`, { agent: `${PROVIDER}/tokens` }, providerKey],
      [
        "issuer",
        SERVER,
        { issuer: SERVER, agent_token_endpoint: `${SERVER}/token`, agent_auth_endpoint: `${SERVER}/consent` },
        serverKey,
      ],
      ["resource", RESOURCE, { resource: RESOURCE }, resourceKey],
    ]),
  async grant(_url, _body, { thumbprint }) {
    if (thumbprint !== agentKey.thumbprint) throw new Error("another's key");
    return { auth_token: await februaryToken(), expires_in: 300 };
  },
  climb: ["jwks", "/token", "jwt"],
};

// ----------------------------------------------------------------------------------------------------------------------- toy

const TOY_AGENT = "toy:planner@agent.example";

const toyToken =
  (type: string) =>
  async (options: TokenOptions = {}): Promise<string> => {
    const { issuer = SERVER, key = serverKey, boundTo = agentKey, lifetimeSeconds = 300 } = options;
    const isIdentity = type === TOY_TYPES.identity;
    return issueToy(type, isIdentity ? providerKey : key, {
      iss: isIdentity ? PROVIDER : issuer,
      sub: isIdentity ? TOY_AGENT : "person-1",
      ...(!isIdentity && { aud: options.audience ?? RESOURCE }),
      ...(type === TOY_TYPES.grant && { scope: options.scope ?? SCOPES.join(" ") }),
      exp: now() + lifetimeSeconds,
      cnf: { jwk: boundTo.publicJwk },
    });
  };

const shownToken = (name: string, level: string, type: string): Shown => ({
  name,
  level,
  credential: async (boundTo) => jwt(await toyToken(type)({ boundTo })),
});

const toyKitOf = (profile: WireProfile): ProfileKit => ({
  profile,
  agent: TOY_AGENT,
  agentToken: (boundTo) => toyToken(TOY_TYPES.identity)({ boundTo }),
  shown: [
    shownToken("an identity token", "agent", TOY_TYPES.identity),
    {
      name: "a server's key",
      level: "agent",
      key: serverKey,
      credential: async () => ({ scheme: "jwks_uri", id: SERVER, document: "person-server" }),
    },
    shownToken("a person token", "person", TOY_TYPES.person),
    shownToken("a grant token", "grant", TOY_TYPES.grant),
  ],
  requirements: [{ level: "agent" }, { level: "person" }, { level: "grant", scopes: SCOPES }],
  token: toyToken(TOY_TYPES.grant),
  otherToken: toyToken(TOY_TYPES.resource),
  documents: () =>
    documentsOf(profile, [
      ["provider", PROVIDER, { issuer: PROVIDER }, providerKey],
      [
        "person-server",
        SERVER,
        { issuer: SERVER, person_endpoint: `${SERVER}/person`, grant_endpoint: `${SERVER}/grant` },
        serverKey,
      ],
      ["resource", RESOURCE, { issuer: RESOURCE }, resourceKey],
    ]),
  async grant(url, body, { thumbprint }) {
    if (thumbprint !== agentKey.thumbprint) throw new Error("another's key");
    const { resource, resource_token, presented_token } = JSON.parse(body);
    if (url === `${SERVER}/person` && resource === RESOURCE) {
      return { person_token: await toyToken(TOY_TYPES.person)(), expires_in: 300 };
    }
    if (!resource_token || !presented_token) throw new Error("no grant without both tokens");
    return { grant_token: await toyToken(TOY_TYPES.grant)(), expires_in: 300 };
  },
  climb: ["jwt", "/person", "jwt", "/grant", "jwt"],
});

export const toyKit = toyKitOf(toyProfile);
export const sharedFieldKit = toyKitOf(toyOnSharedField);

// ------------------------------------------------------------------------------------------------------------------ requests

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

/** A verifier of the resource, and what it has fetched. */
export function resourceOf(kit: ProfileKit, options: Partial<VerifierOptions> = {}) {
  const { discovery, ...documents } = discoveryOf(kit);
  const verifier = createVerifier({
    profile: kit.profile,
    authorities: [AUTHORITY],
    audience: RESOURCE,
    trustedIssuers: [SERVER],
    discovery,
    now,
    ...options,
  });
  return { verifier, ...documents };
}

/** A signed request to the resource, with a grant unless something else is shown. */
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

/** Signs again what has been changed, by the codec's own words: for requests that no honest signer would make. */
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
  headers[fields.signature] = messages.formatSignature(await key.sign(new TextEncoder().encode(base)));
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
