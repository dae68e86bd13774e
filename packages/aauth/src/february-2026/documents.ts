/**
 * The three metadata documents: built for publishing, and read with suspicion after fetching (profile 5.1).
 *
 * @module
 */

import type { DiscoveryKind, DocumentRules, PartyDocument } from "../discovery/discovery.ts";
import { isUrl } from "../discovery/key-set.ts";
import { isIdentifier } from "../discovery/url-guard.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { AgentMetadata, IssuerMetadata, ResourceMetadata } from "./metadata.ts";
import { DOCUMENTS } from "./names.ts";

type Optional<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;
type Members = Readonly<Record<string, unknown>>;

/**
 * Builds `/.well-known/aauth-agent`. `jwks_uri` defaults to `{agent}/jwks.json`.
 *
 * @throws TypeError when a member has the wrong shape: this is the owner's own configuration.
 *
 * @example
 * agentMetadata({ agent: "http://backend.localhost:8000" }).jwks_uri // "http://backend.localhost:8000/jwks.json"
 */
export function agentMetadata(members: Optional<AgentMetadata, "jwks_uri">): AgentMetadata {
  return built(() =>
    readAgentMetadata({ jwks_uri: `${members.agent}/jwks.json`, ...members }, members.agent),
  );
}

/**
 * Builds `/.well-known/aauth-resource`. `jwks_uri` defaults to `{resource}/jwks.json`.
 *
 * @throws TypeError when a member has the wrong shape.
 */
export function resourceMetadata(members: Optional<ResourceMetadata, "jwks_uri">): ResourceMetadata {
  return built(() =>
    readResourceMetadata({ jwks_uri: `${members.resource}/jwks.json`, ...members }, members.resource),
  );
}

/**
 * Builds `{issuer}/.well-known/aauth-issuer`.
 *
 * @throws TypeError when a member has the wrong shape.
 */
export function issuerMetadata(members: IssuerMetadata): IssuerMetadata {
  return built(() => readIssuerMetadata(members, members.issuer));
}

/**
 * Reads a fetched agent document. Unknown members are dropped.
 *
 * @throws AAuthError `metadata_mismatch` when it names another agent than `id`, `discovery_failed` on a wrong shape.
 */
export function readAgentMetadata(document: unknown, id: string): AgentMetadata {
  const members = asObject(document);
  sameIdentity(members, "agent", id);
  return present({
    agent: id,
    jwks_uri: url(members, "jwks_uri"),
    redirect_uris: optional(members, "redirect_uris", isUrlList),
    name: optional(members, "name", isString),
    logo_uri: optional(members, "logo_uri", isUrl),
    policy_uri: optional(members, "policy_uri", isUrl),
    tos_uri: optional(members, "tos_uri", isUrl),
    homepage: optional(members, "homepage", isUrl),
  });
}

/** Reads a fetched resource document. Unknown members are dropped; the same errors as for an agent's. */
export function readResourceMetadata(document: unknown, id: string): ResourceMetadata {
  const members = asObject(document);
  sameIdentity(members, "resource", id);
  return present({
    resource: id,
    jwks_uri: url(members, "jwks_uri"),
    resource_token_endpoint: optional(members, "resource_token_endpoint", isUrl),
    supported_scopes: optional(members, "supported_scopes", isStringList),
    scope_descriptions: optional(members, "scope_descriptions", isStringRecord),
  });
}

/** Reads a fetched issuer document. Unknown members are dropped; the same errors as for an agent's. */
export function readIssuerMetadata(document: unknown, id: string): IssuerMetadata {
  const members = asObject(document);
  sameIdentity(members, "issuer", id);
  return present({
    issuer: id,
    jwks_uri: url(members, "jwks_uri"),
    agent_token_endpoint: url(members, "agent_token_endpoint"),
    agent_auth_endpoint: optional(members, "agent_auth_endpoint", isUrl),
    agent_signing_algs_supported: optional(members, "agent_signing_algs_supported", isStringList),
    request_types_supported: optional(members, "request_types_supported", isStringList),
    scopes_supported: optional(members, "scopes_supported", isStringList),
  });
}

/** Reads the two members of an OpenID Connect discovery document that matter here: who it is, and where its keys are. */
export function readOpenidConfiguration(document: unknown, id: string): { issuer: string; jwks_uri: string } {
  const members = asObject(document);
  sameIdentity(members, "issuer", id);
  return { issuer: id, jwks_uri: url(members, "jwks_uri") };
}

function asObject(document: unknown): Members {
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw failed("the document is not a JSON object");
  }
  return document as Members;
}

function sameIdentity(members: Members, name: string, id: string): void {
  const found = members[name];
  if (found === id) return;
  const shown = typeof found === "string" ? found.slice(0, 200).replace(/[^\x20-\x7e]/g, "?") : "none";
  throw new AAuthVerificationError(
    "metadata_mismatch",
    `the document's ${name} is not the identity asked for: found ${shown}, expected ${id}`,
  );
}

function url(members: Members, name: string): string {
  const value = members[name];
  if (!isUrl(value)) throw failed(`${name} is missing or not a URL`);
  return value;
}

function optional<T>(members: Members, name: string, is: (value: unknown) => value is T): T | undefined {
  const value = members[name];
  if (value === undefined || value === null) return undefined;
  if (!is(value)) throw failed(`${name} has the wrong shape`);
  return value;
}

function isString(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isString);
}

function isUrlList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isUrl);
}

function isStringRecord(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && Object.values(value).every(isString);
}

/** Without the members that are undefined, in the order given: this is what gets published. */
function present<T extends object>(members: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}

function built<T extends AgentMetadata | ResourceMetadata | IssuerMetadata>(read: () => T): T {
  let document: T;
  try {
    document = read();
  } catch (error) {
    throw new TypeError(error instanceof Error ? error.message : "wrong metadata", { cause: error });
  }
  const id = Object.values(document)[0] as string;
  if (!isIdentifier(id)) {
    throw new TypeError(
      `${Object.keys(document)[0]} must be a URL without query, fragment and trailing slash`,
    );
  }
  return document;
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
  isIdentifier,
  refetchBurst: 3,
  refetchCooldownSeconds: 10,
});

const issuer: DiscoveryKind<IssuerMetadata> = {
  ...kindOf("issuer", readIssuerMetadata),
  keysElsewhere: { name: "openid-configuration", read: readOpenidConfiguration },
  isConfigured: true,
};

/** Where the parties of February 2026 publish who they are, and how a reader finds it. */
export const documents = {
  isIdentifier,
  kinds: {
    agent: kindOf("agent", readAgentMetadata),
    resource: kindOf("resource", readResourceMetadata),
    issuer,
  },
} satisfies DocumentRules;
