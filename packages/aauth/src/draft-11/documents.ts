/**
 * The four metadata documents: built for publishing, and read with suspicion after fetching (draft -11, section 11.2).
 *
 * @module
 */

import type { DiscoveryKind, DocumentRules, PartyDocument } from "../discovery/discovery.ts";
import { AAuthVerificationError } from "../errors.ts";
import { isAgentIdentifier, isEndpointUrl, isServerIdentifier } from "./identifiers.ts";
import { DOCUMENTS } from "./names.ts";

/** What all documents have. Unknown members of a fetched one are dropped, as are those of the common ones that have the wrong shape. */
interface CommonMetadata {
  /** Identifier of the party. */
  readonly issuer: string;
  /** Algorithms of message signatures that it takes, for example `["Ed25519", "ES256"]`. */
  readonly accept_signature_algs?: readonly string[];
  /** Shown to people, as are the addresses below. */
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
  /** Where a person's browser comes back to after an interaction. */
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
  /** Where its keys are; a resource that signs nothing has none. */
  readonly jwks_uri?: string;
  /** `agent-token` (the default), `person-token`, `session-token`, `auth-token`, or a value of an extension. */
  readonly access_mode?: string;
  readonly authorization_endpoint?: string;
  readonly revocation_endpoint?: string;
  /** Scope to the sentence a person reads when asked for consent. */
  readonly scope_descriptions?: Readonly<Record<string, string>>;
  /** Seconds that `created` may be from now. Default 60. */
  readonly signature_window?: number;
  /** What signatures have to cover beside the components that all do. */
  readonly additional_signature_components?: readonly string[];
}

type Members = Readonly<Record<string, unknown>>;
type Reader = (value: unknown) => boolean;

const isText: Reader = (value) => typeof value === "string" && value !== "";
const isTextList: Reader = (value) => Array.isArray(value) && value.every(isText);
const isTextRecord: Reader = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isText);
const isHttps: Reader = (value) => isText(value) && URL.parse(value as string)?.protocol === "https:";
const isBoolean: Reader = (value) => typeof value === "boolean";
const isSeconds: Reader = (value) => Number.isSafeInteger(value) && (value as number) > 0;

interface Shape {
  readonly required: Readonly<Record<string, Reader>>;
  /** A wrong shape counts: following the member would lead elsewhere. */
  readonly optional: Readonly<Record<string, Reader>>;
}

/** A member that only describes is dropped where it is malformed: a mistake in it should not make the party unreachable. */
const DESCRIPTIVE: Readonly<Record<string, Reader>> = {
  accept_signature_algs: isTextList,
  name: isText,
  description: isText,
  logo_uri: isHttps,
  logo_dark_uri: isHttps,
  documentation_uri: isHttps,
  tos_uri: isHttps,
  policy_uri: isHttps,
  scopes_supported: isTextList,
  claims_supported: isTextList,
  scope_descriptions: isTextRecord,
};

const AGENT: Shape = {
  required: { jwks_uri: isHttps },
  optional: {
    callback_endpoint: isEndpointUrl,
    event_endpoint: isEndpointUrl,
    localhost_callback_allowed: isBoolean,
  },
};
const PERSON: Shape = {
  required: { jwks_uri: isHttps, person_token_endpoint: isEndpointUrl, auth_token_endpoint: isEndpointUrl },
  optional: {
    mission_endpoint: isEndpointUrl,
    permission_endpoint: isEndpointUrl,
    audit_endpoint: isEndpointUrl,
    interaction_endpoint: isEndpointUrl,
    mission_control_endpoint: isEndpointUrl,
    revocation_endpoint: isEndpointUrl,
  },
};
const ACCESS: Shape = {
  required: { jwks_uri: isHttps, auth_token_endpoint: isEndpointUrl },
  optional: { revocation_endpoint: isEndpointUrl },
};
const RESOURCE: Shape = {
  required: {},
  optional: {
    jwks_uri: isHttps,
    access_mode: isText,
    authorization_endpoint: isEndpointUrl,
    revocation_endpoint: isEndpointUrl,
    signature_window: isSeconds,
    additional_signature_components: isTextList,
  },
};

const DESCRIBED: ReadonlyMap<Shape, readonly string[]> = new Map<Shape, readonly string[]>([
  [AGENT, []],
  [PERSON, ["scopes_supported", "claims_supported"]],
  [ACCESS, []],
  [RESOURCE, ["scope_descriptions"]],
]);
const OF_SOME = new Set([...DESCRIBED.values()].flat());
const OF_ALL = Object.keys(DESCRIPTIVE).filter((name) => !OF_SOME.has(name));

function reader<Document>(shape: Shape) {
  const described = [...OF_ALL, ...(DESCRIBED.get(shape) ?? [])];
  return (document: unknown, id: string): Document => {
    const members = requireIssuer(document, id);
    const read: Record<string, unknown> = { issuer: id };
    for (const [name, is] of Object.entries(shape.required)) {
      if (!is(members[name])) throw failed(`${name} is missing or not an https address`);
      read[name] = members[name];
    }
    for (const [name, is] of Object.entries(shape.optional)) {
      const value = members[name];
      if (value === undefined || value === null) continue;
      if (!is(value)) throw failed(`${name} has the wrong shape`);
      read[name] = value;
    }
    for (const name of described) if (DESCRIPTIVE[name]!(members[name])) read[name] = members[name];
    return read as Document;
  };
}

/** @throws AAuthVerificationError `metadata_mismatch`, with `expected` unset where the document names no issuer */
function requireIssuer(document: unknown, id: string): Members {
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw failed("the document is not a JSON object");
  }
  const members = document as Members;
  const { issuer } = members;
  if (issuer === id) return members;
  if (issuer === undefined || issuer === null) {
    throw new AAuthVerificationError("metadata_issuer_missing", "the document names no issuer", {
      claim: "issuer",
    });
  }
  const shown = typeof issuer === "string" ? issuer.slice(0, 200).replace(/[^\x20-\x7e]/g, "?") : "no string";
  throw new AAuthVerificationError(
    "metadata_mismatch",
    `the document's issuer is not the identity asked for: found ${shown}, expected ${id}`,
    { claim: "issuer" },
  );
}

/**
 * Reads a fetched document of an agent provider. `issuer` has to be `id`, byte by byte. Addresses are `https`, those of endpoints without query
 * and fragment; they may be at another origin, which the guard of discovery judges again.
 *
 * @throws AAuthError `metadata_mismatch` when it names another issuer than `id`, `metadata_issuer_missing` when it names none,
 * `discovery_failed` for a required member that is missing, or an endpoint of the wrong shape.
 */
export const readAgentProviderMetadata = reader<AgentProviderMetadata>(AGENT);
/** Reads a fetched document of a person server; the same errors as for an agent provider's. */
export const readPersonServerMetadata = reader<PersonServerMetadata>(PERSON);
/** Reads a fetched document of an access server; the same errors as for an agent provider's. */
export const readAccessServerMetadata = reader<AccessServerMetadata>(ACCESS);
/** Reads a fetched document of a resource, which may have no `jwks_uri`; the same errors as for an agent provider's. */
export const readResourceMetadata = reader<ResourceMetadata>(RESOURCE);

type WithDefaultKeys<Document extends { readonly jwks_uri?: string }> = Omit<Document, "jwks_uri"> & {
  /** Default `{issuer}/jwks.json`. */
  readonly jwks_uri?: string;
};

/**
 * Builds `/.well-known/aauth-agent.json`.
 *
 * @throws TypeError when a member has the wrong shape: this is the owner's own configuration.
 *
 * @example
 * agentProviderMetadata({ issuer: "https://agent.example" }).jwks_uri; // "https://agent.example/jwks.json"
 */
export const agentProviderMetadata = builder(readAgentProviderMetadata);
/** Builds `/.well-known/aauth-person.json`. @throws TypeError as {@link agentProviderMetadata} */
export const personServerMetadata = builder(readPersonServerMetadata);
/** Builds `/.well-known/aauth-access.json`. @throws TypeError as {@link agentProviderMetadata} */
export const accessServerMetadata = builder(readAccessServerMetadata);

const buildResource = builder(readResourceMetadata);
/**
 * Builds `/.well-known/aauth-resource.json`. `additional_signature_components` defaults to what our verifier demands of a request with a
 * body: `content-digest` and `content-type`.
 *
 * @throws TypeError as {@link agentProviderMetadata}
 */
export const resourceMetadata = (members: Parameters<typeof buildResource>[0]): ResourceMetadata =>
  buildResource({ additional_signature_components: ["content-digest", "content-type"], ...members });

function builder<Document extends { readonly issuer: string; readonly jwks_uri?: string }>(
  read: (document: unknown, id: string) => Document,
) {
  return (members: WithDefaultKeys<Document>): Document => {
    const { issuer } = members;
    if (typeof issuer !== "string" || !isServerIdentifier(issuer)) {
      throw new TypeError(
        "issuer must be a server identifier: https://host in lower case, and nothing behind it",
      );
    }
    let document: Document;
    try {
      document = read({ jwks_uri: `${issuer}/jwks.json`, ...members }, issuer);
    } catch (error) {
      throw new TypeError(error instanceof Error ? error.message : "wrong metadata", { cause: error });
    }
    for (const [name, value] of Object.entries(members)) {
      if (value !== undefined && !Object.hasOwn(document, name))
        throw new TypeError(`${name} is unknown or has the wrong shape`);
    }
    return document;
  };
}

function failed(reason: string): AAuthVerificationError {
  return new AAuthVerificationError("discovery_failed", reason);
}

const kindOf = <Document extends PartyDocument>(
  name: keyof typeof DOCUMENTS,
  read: (document: unknown, id: string) => Document,
): DiscoveryKind<Document> => ({
  name,
  document: { name: DOCUMENTS[name], read },
  isIdentifier: isServerIdentifier,
  refetchBurst: 1,
  refetchCooldownSeconds: 60,
  // Section 11.4.
  keySetIntervalSeconds: 60,
});

/** Where the parties of draft -11 publish who they are, and how a reader finds it. */
export const documents = {
  isIdentifier: isServerIdentifier,
  isAgentIdentifier,
  kinds: {
    agent: kindOf("agent", readAgentProviderMetadata),
    person: kindOf("person", readPersonServerMetadata),
    access: kindOf("access", readAccessServerMetadata),
    resource: kindOf("resource", readResourceMetadata),
  },
} satisfies DocumentRules;
