/**
 * The four metadata documents (draft -11, section 11.2), built for publishing and validated after
 * fetching.
 *
 * @module
 */

import type { DiscoveryKind, DocumentRules, PartyDocument } from "../discovery/discovery.ts";
import {
  type DocumentCodec,
  descriptive,
  documentOf,
  optional,
  required,
  type WithDefaultKeys,
} from "../discovery/document-table.ts";
import {
  isBoolean,
  isHttpsUrl,
  isNonEmptyString,
  isSeconds,
  isStringList,
  isStringRecord,
} from "../json-guards.ts";
import { isAgentIdentifier, isEndpointUrl, isServerIdentifier } from "./identifiers.ts";
import { DOCUMENTS } from "./names.ts";

/**
 * Members of all documents. Reading a document drops unknown members, and descriptive ones of the
 * wrong shape.
 */
interface CommonMetadata {
  /** Identifier of the party. */
  readonly issuer: string;
  /** Accepted algorithms of message signatures, for example `["Ed25519", "ES256"]`. */
  readonly accept_signature_algs?: readonly string[];
  /** Shown to people, like the addresses below. */
  readonly name?: string;
  readonly description?: string;
  readonly logo_uri?: string;
  readonly logo_dark_uri?: string;
  readonly documentation_uri?: string;
  readonly tos_uri?: string;
  readonly policy_uri?: string;
}

/** `/.well-known/aauth-agent.json`: an agent provider. */
export interface AgentProviderMetadata extends CommonMetadata {
  readonly jwks_uri: string;
  /** Address that a person's browser returns to after an interaction. */
  readonly callback_endpoint?: string;
  readonly event_endpoint?: string;
  /** Whether the callback of an agent may be on `localhost`. Default false. */
  readonly localhost_callback_allowed?: boolean;
}

/** `/.well-known/aauth-person.json`: a person server. */
export interface PersonServerMetadata extends CommonMetadata {
  readonly jwks_uri: string;
  readonly person_token_endpoint: string;
  readonly auth_token_endpoint: string;
  readonly mission_endpoint?: string;
  readonly permission_endpoint?: string;
  readonly audit_endpoint?: string;
  readonly interaction_endpoint?: string;
  readonly mission_control_endpoint?: string;
  readonly revocation_endpoint?: string;
  readonly scopes_supported?: readonly string[];
  readonly claims_supported?: readonly string[];
}

/** `/.well-known/aauth-access.json`: an access server. */
export interface AccessServerMetadata extends CommonMetadata {
  readonly jwks_uri: string;
  readonly auth_token_endpoint: string;
  readonly revocation_endpoint?: string;
}

/** `/.well-known/aauth-resource.json`: a resource. */
export interface ResourceMetadata extends CommonMetadata {
  /** Address of the key set. Absent for a resource that signs nothing. */
  readonly jwks_uri?: string;
  /**
   * `agent-token` (the default), `person-token`, `session-token`, `auth-token`, or a value of an
   * extension.
   */
  readonly access_mode?: string;
  readonly authorization_endpoint?: string;
  readonly revocation_endpoint?: string;
  /** For each scope, the sentence shown when a person is asked for consent. */
  readonly scope_descriptions?: Readonly<Record<string, string>>;
  /** Seconds that `created` may be from now. Default 60. */
  readonly signature_window?: number;
  /** Components that signatures must cover in addition to the base components. */
  readonly additional_signature_components?: readonly string[];
}

/** The members that every document may have. */
const COMMON = {
  accept_signature_algs: descriptive(isStringList),
  name: descriptive(isNonEmptyString),
  description: descriptive(isNonEmptyString),
  logo_uri: descriptive(isHttpsUrl),
  logo_dark_uri: descriptive(isHttpsUrl),
  documentation_uri: descriptive(isHttpsUrl),
  tos_uri: descriptive(isHttpsUrl),
  policy_uri: descriptive(isHttpsUrl),
} as const;

const ISSUED = {
  identity: "issuer",
  isIdentifier: isServerIdentifier,
  unnamed: "metadata_issuer_missing",
  keysPath: "/jwks.json",
} as const;

const agentProvider = documentOf<AgentProviderMetadata, "issuer">({
  ...ISSUED,
  members: {
    jwks_uri: required(isHttpsUrl),
    callback_endpoint: optional(isEndpointUrl),
    event_endpoint: optional(isEndpointUrl),
    localhost_callback_allowed: optional(isBoolean),
    ...COMMON,
  },
});

const personServer = documentOf<PersonServerMetadata, "issuer">({
  ...ISSUED,
  members: {
    jwks_uri: required(isHttpsUrl),
    person_token_endpoint: required(isEndpointUrl),
    auth_token_endpoint: required(isEndpointUrl),
    mission_endpoint: optional(isEndpointUrl),
    permission_endpoint: optional(isEndpointUrl),
    audit_endpoint: optional(isEndpointUrl),
    interaction_endpoint: optional(isEndpointUrl),
    mission_control_endpoint: optional(isEndpointUrl),
    revocation_endpoint: optional(isEndpointUrl),
    ...COMMON,
    scopes_supported: descriptive(isStringList),
    claims_supported: descriptive(isStringList),
  },
});

const accessServer = documentOf<AccessServerMetadata, "issuer">({
  ...ISSUED,
  members: {
    jwks_uri: required(isHttpsUrl),
    auth_token_endpoint: required(isEndpointUrl),
    revocation_endpoint: optional(isEndpointUrl),
    ...COMMON,
  },
});

const resource = documentOf<ResourceMetadata, "issuer">({
  ...ISSUED,
  members: {
    jwks_uri: optional(isHttpsUrl),
    access_mode: optional(isNonEmptyString),
    authorization_endpoint: optional(isEndpointUrl),
    revocation_endpoint: optional(isEndpointUrl),
    signature_window: optional(isSeconds),
    additional_signature_components: optional(isStringList),
    ...COMMON,
    scope_descriptions: descriptive(isStringRecord),
  },
});

/**
 * Builds `/.well-known/aauth-agent.json`.
 *
 * @throws TypeError for a member of the wrong shape, which is an error of configuration
 *
 * @example
 * agentProviderMetadata({ issuer: "https://agent.example" }).jwks_uri; // "https://agent.example/jwks.json"
 */
export const agentProviderMetadata = agentProvider.build;
/** Builds `/.well-known/aauth-person.json`. @throws TypeError as {@link agentProviderMetadata} */
export const personServerMetadata = personServer.build;
/** Builds `/.well-known/aauth-access.json`. @throws TypeError as {@link agentProviderMetadata} */
export const accessServerMetadata = accessServer.build;
/**
 * Builds `/.well-known/aauth-resource.json`. `additional_signature_components` defaults to
 * `content-digest` and `content-type`, which our verifier demands of a request with a body.
 *
 * @throws TypeError as {@link agentProviderMetadata}
 */
export const resourceMetadata = (members: WithDefaultKeys<ResourceMetadata>): ResourceMetadata =>
  resource.build({ additional_signature_components: ["content-digest", "content-type"], ...members });

const kindOf = <Document extends PartyDocument>(
  name: keyof typeof DOCUMENTS,
  { read }: DocumentCodec<Document>,
): DiscoveryKind<Document> => ({
  name,
  document: { name: DOCUMENTS[name], read },
  isIdentifier: isServerIdentifier,
  refetchBurst: 1,
  refetchCooldownSeconds: 60,
  // Section 11.4.
  keySetIntervalSeconds: 60,
});

/**
 * Documents of the parties of draft -11, and the rules for finding them. Addresses in documents are
 * `https`; endpoints have no query or fragment. They may be at another origin, which the guard of
 * discovery checks as well.
 */
export const documents = {
  isIdentifier: isServerIdentifier,
  isAgentIdentifier,
  kinds: {
    agent: kindOf("agent", agentProvider),
    person: kindOf("person", personServer),
    access: kindOf("access", accessServer),
    resource: kindOf("resource", resource),
  },
} satisfies DocumentRules;
