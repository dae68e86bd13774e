/**
 * The three metadata documents (profile 5.1), built for publishing and validated after fetching.
 *
 * @module
 */

import type { DiscoveryKind, DocumentRules, PartyDocument } from "../discovery/discovery.ts";
import { type DocumentCodec, documentOf, optional, required } from "../discovery/document-table.ts";
import { isIdentifier } from "../discovery/url-guard.ts";
import { isNonEmptyString, isStringList, isStringRecord, isUrl } from "../json-guards.ts";
import { DOCUMENTS } from "./names.ts";

/** `/.well-known/aauth-agent` (profile 5.1). */
export interface AgentMetadata {
  /** Identifier of the agent. */
  readonly agent: string;
  /** Address of the key set. */
  readonly jwks_uri: string;
  /** Addresses to which a user may return after consent. */
  readonly redirect_uris?: readonly string[];
  /** Shown to users, like the addresses below. */
  readonly name?: string;
  readonly logo_uri?: string;
  readonly policy_uri?: string;
  readonly tos_uri?: string;
  readonly homepage?: string;
}

/** `/.well-known/aauth-resource` (profile 5.1). */
export interface ResourceMetadata {
  /** Identifier of the resource. */
  readonly resource: string;
  /** Address of the key set. */
  readonly jwks_uri: string;
  /** Endpoint that issues resource tokens without a challenge. */
  readonly resource_token_endpoint?: string;
  /** Scopes that may be requested there. */
  readonly supported_scopes?: readonly string[];
  /** For each scope, the sentence shown when a person is asked for consent. */
  readonly scope_descriptions?: Readonly<Record<string, string>>;
}

/** `{issuer}/.well-known/aauth-issuer` (profile 5.1). */
export interface IssuerMetadata {
  /** Identifier of the auth server. */
  readonly issuer: string;
  /** Address of the key set. */
  readonly jwks_uri: string;
  /** The token endpoint. */
  readonly agent_token_endpoint: string;
  /** The page on which a user consents. */
  readonly agent_auth_endpoint?: string;
  readonly agent_signing_algs_supported?: readonly string[];
  readonly request_types_supported?: readonly string[];
  readonly scopes_supported?: readonly string[];
}

const NAMED = {
  isIdentifier,
  unnamed: "metadata_mismatch",
} as const;

const agent = documentOf<AgentMetadata, "agent">({
  ...NAMED,
  identity: "agent",
  keysPath: "/jwks.json",
  members: {
    jwks_uri: required(isUrl),
    redirect_uris: optional((value) => Array.isArray(value) && value.every(isUrl)),
    name: optional(isNonEmptyString),
    logo_uri: optional(isUrl),
    policy_uri: optional(isUrl),
    tos_uri: optional(isUrl),
    homepage: optional(isUrl),
  },
});

const resource = documentOf<ResourceMetadata, "resource">({
  ...NAMED,
  identity: "resource",
  keysPath: "/jwks.json",
  members: {
    jwks_uri: required(isUrl),
    resource_token_endpoint: optional(isUrl),
    supported_scopes: optional(isStringList),
    scope_descriptions: optional(isStringRecord),
  },
});

const issuer = documentOf<IssuerMetadata, "issuer">({
  ...NAMED,
  identity: "issuer",
  members: {
    jwks_uri: required(isUrl),
    agent_token_endpoint: required(isUrl),
    agent_auth_endpoint: optional(isUrl),
    agent_signing_algs_supported: optional(isStringList),
    request_types_supported: optional(isStringList),
    scopes_supported: optional(isStringList),
  },
});

/** The members used of an OpenID Connect discovery document. */
const openidConfiguration = documentOf<Pick<IssuerMetadata, "issuer" | "jwks_uri">, "issuer">({
  ...NAMED,
  identity: "issuer",
  members: { jwks_uri: required(isUrl) },
});

/**
 * Builds `/.well-known/aauth-agent`. `jwks_uri` defaults to `{agent}/jwks.json`.
 *
 * @throws TypeError for a member of the wrong shape, which is an error of configuration
 *
 * @example
 * agentMetadata({ agent: "http://backend.localhost:8000" }).jwks_uri // "http://backend.localhost:8000/jwks.json"
 */
export const agentMetadata = agent.build;

/**
 * Builds `/.well-known/aauth-resource`. `jwks_uri` defaults to `{resource}/jwks.json`.
 *
 * @throws TypeError as {@link agentMetadata}
 */
export const resourceMetadata = resource.build;

const kindOf = <Document extends PartyDocument>(
  name: keyof typeof DOCUMENTS,
  { read }: DocumentCodec<Document>,
): DiscoveryKind<Document> => ({
  name,
  document: { name: DOCUMENTS[name], read },
  isIdentifier,
  refetchBurst: 3,
  refetchCooldownSeconds: 10,
});

/** Documents of the parties of February 2026, and the rules for finding them. */
export const documents = {
  isIdentifier,
  kinds: {
    agent: kindOf("agent", agent),
    resource: kindOf("resource", resource), // hole G7: kindOf("agent", agent)
    issuer: {
      ...kindOf("issuer", issuer),
      keysElsewhere: { name: "openid-configuration", read: openidConfiguration.read },
      isConfigured: true,
    },
  },
} satisfies DocumentRules;
