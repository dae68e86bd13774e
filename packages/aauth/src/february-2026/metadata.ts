/**
 * The documents of February 2026 (profile 5.1).
 *
 * @module
 */

/** `/.well-known/aauth-agent` (profile 5.1). */
export interface AgentMetadata {
  /** Identifier of the agent. */
  readonly agent: string;
  /** Where its key set is. */
  readonly jwks_uri: string;
  /** Where a user may come back to after consent. */
  readonly redirect_uris?: readonly string[];
  /** Shown to users, as are the addresses below. */
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
  /** Where its key set is. */
  readonly jwks_uri: string;
  /** Where a resource token is had without a challenge. */
  readonly resource_token_endpoint?: string;
  /** Scopes that may be asked for there. */
  readonly supported_scopes?: readonly string[];
  /** Scope to the sentence a person reads when asked for consent. */
  readonly scope_descriptions?: Readonly<Record<string, string>>;
}

/** `{issuer}/.well-known/aauth-issuer` (profile 5.1). */
export interface IssuerMetadata {
  /** Identifier of the auth server. */
  readonly issuer: string;
  /** Where its key set is. */
  readonly jwks_uri: string;
  /** Where tokens are requested. */
  readonly agent_token_endpoint: string;
  /** The page where a user gives consent. */
  readonly agent_auth_endpoint?: string;
  readonly agent_signing_algs_supported?: readonly string[];
  readonly request_types_supported?: readonly string[];
  readonly scopes_supported?: readonly string[];
}
