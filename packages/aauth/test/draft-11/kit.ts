import { createDiscovery } from "../../src/discovery/create-discovery.ts";
import type { Discovery } from "../../src/discovery/discovery.ts";
import {
  accessServerMetadata,
  agentProviderMetadata,
  personServerMetadata,
  resourceMetadata,
} from "../../src/draft-11/documents.ts";
import { issueAgentToken, issueAuthToken, issuePersonToken } from "../../src/draft-11/issue-tokens.ts";
import type { Draft11Level } from "../../src/draft-11/names.ts";
import { draft11 } from "../../src/draft-11/profile.ts";
import { formatSignature } from "../../src/draft-11/signature-key.ts";
import type { AAuthVerificationError } from "../../src/errors.ts";
import { toJwks } from "../../src/keys/jwks.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import type { Verifier, VerifierOptions } from "../../src/resource/types.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import {
  type SignedRequestOptions,
  signedRequest,
  type TestRequest,
} from "../../src/testing/signed-request.ts";
import { decodeJwt, signJwt } from "../../src/tokens/jwt.ts";
import type { Requirement, SigningKey } from "../../src/types.ts";
import { refusal as refusalAt } from "../refusal.ts";
import { type BadRequest, signBadly as sign } from "../sign-badly.ts";

export const PROVIDER = "https://agent.example";
export const AGENT = "aauth:planner@agent.example";
export const PERSON_SERVER = "https://ps.example";
export const ACCESS_SERVER = "https://as.example";
export const RESOURCE = "https://resource.example";
export const AUTHORITY = "resource.example";

export const NOW = 1_795_804_700;
export const now = () => NOW;

const key = (kid: string, alg: "Ed25519" | "ES256" = "Ed25519") => generateSigningKey({ kid, alg });
export const keys = {
  agent: await key("agent-1"),
  other: await key("agent-2"),
  es256: await key("agent-3", "ES256"),
  provider: await key("ap-1"),
  person: await key("ps-1", "ES256"),
  access: await key("as-1"),
  resource: await key("rs-1"),
};

/** Documents that the parties publish, by address. */
export function publications(): Map<string, unknown> {
  const published = new Map<string, unknown>();
  const publish = (metadata: { readonly issuer: string }, name: string, own: SigningKey) => {
    published.set(`${metadata.issuer}/.well-known/${name}`, metadata);
    published.set(`${metadata.issuer}/jwks.json`, toJwks([own]));
  };
  const endpoints = {
    auth_token_endpoint: `${PERSON_SERVER}/token`,
    person_token_endpoint: `${PERSON_SERVER}/person`,
  };
  publish(agentProviderMetadata({ issuer: PROVIDER }), "aauth-agent.json", keys.provider);
  publish(personServerMetadata({ issuer: PERSON_SERVER, ...endpoints }), "aauth-person.json", keys.person);
  const token = `${ACCESS_SERVER}/token`;
  publish(
    accessServerMetadata({ issuer: ACCESS_SERVER, auth_token_endpoint: token }),
    "aauth-access.json",
    keys.access,
  );
  publish(resourceMetadata({ issuer: RESOURCE }), "aauth-resource.json", keys.resource);
  return published;
}

/** The real discovery over documents in memory, with the fetched addresses. */
export function discoveryOf(
  published = publications(),
  clock: () => number = now,
): Discovery & { readonly fetched: string[] } {
  const fetched: string[] = [];
  const discovery = createDiscovery({
    now: clock,
    async transport(url) {
      fetched.push(url.href);
      const document = published.get(url.href);
      return {
        status: document === undefined ? 404 : 200,
        body: new TextEncoder().encode(JSON.stringify(document ?? null)),
      };
    },
  });
  return { ...discovery, fetched };
}

const confirmationKey = keys.agent.publicJwk;
type Over<Issue extends (options: never) => unknown> = Partial<Parameters<Issue>[0]>;

export const agentToken = async (over: Over<typeof issueAgentToken> = {}) =>
  (
    await issueAgentToken({
      key: keys.provider,
      issuer: PROVIDER,
      agent: AGENT,
      confirmationKey,
      now,
      ...over,
    })
  ).token;

export const personToken = async (over: Over<typeof issuePersonToken> = {}) =>
  (
    await issuePersonToken({
      key: keys.person,
      issuer: PERSON_SERVER,
      audience: RESOURCE,
      subject: "person-1",
      confirmationKey,
      now,
      ...over,
    })
  ).token;

export const authToken = async (over: Over<typeof issueAuthToken> = {}) =>
  (
    await issueAuthToken({
      key: keys.access,
      issuer: ACCESS_SERVER,
      personServer: PERSON_SERVER,
      audience: RESOURCE,
      subject: "person-1",
      scope: "data.read",
      confirmationKey,
      now,
      ...over,
    })
  ).token;

/** Copy of a token with other claims or another header, signed again by its supposed issuer. */
export async function changed(
  token: string,
  own: SigningKey,
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const decoded = decodeJwt(token);
  return signJwt({ ...decoded.header, ...header }, { ...decoded.claims, ...claims }, (data) =>
    own.sign(data),
  );
}

/** The resource's verifier, with its person server and access server. */
export const verifierOf = (over: Partial<VerifierOptions> = {}): Verifier =>
  createVerifier({
    profile: draft11,
    authorities: [AUTHORITY],
    audience: RESOURCE,
    discovery: discoveryOf(),
    now,
    personServers: [PERSON_SERVER, ACCESS_SERVER],
    ...over,
  });

/** A request of the agent, by default with its agent token. */
export const requestOf = async (over: Partial<SignedRequestOptions> = {}): Promise<TestRequest> =>
  signedRequest({
    profile: draft11,
    url: `${RESOURCE}/data`,
    key: keys.agent,
    now,
    signatureKey: over.signatureKey ?? { scheme: "jwt", jwt: await agentToken() },
    ...over,
  });

export const signBadly = (request: BadRequest): Promise<TestRequest> =>
  sign(request, {
    key: keys.agent,
    label: "sig",
    authority: AUTHORITY,
    target: "/data",
    created: NOW,
    formatSignature,
  });

/** The error that a verifier refuses with, by default on a route for any agent. */
export const refusal = (
  verifier: Verifier,
  request: TestRequest,
  requirement: Requirement = ANY_AGENT,
): Promise<AAuthVerificationError> => refusalAt(verifier, request, requirement);

export const ANY_AGENT: Requirement<Draft11Level> = { level: "agent-token" };
export const A_PERSON: Requirement<Draft11Level> = { level: "person-token" };
export const TO_READ: Requirement<Draft11Level> = { level: "auth-token", scopes: ["data.read"] };
