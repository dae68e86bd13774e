/**
 * The documents of February 2026 (profile 5.1).
 *
 * @module
 */

/** `/.well-known/aauth-agent` (profile 5.1). */
export interface AgentMetadata {
  readonly agent: string;
  readonly jwks_uri: string;
  readonly redirect_uris?: readonly string[];
  readonly name?: string;
  readonly logo_uri?: string;
  readonly policy_uri?: string;
  readonly tos_uri?: string;
  readonly homepage?: string;
}

/** `/.well-known/aauth-resource` (profile 5.1). */
export interface ResourceMetadata {
  readonly resource: string;
  readonly jwks_uri: string;
  readonly resource_token_endpoint?: string;
  readonly supported_scopes?: readonly string[];
  /** Scope to the sentence a person reads when asked for consent. */
  readonly scope_descriptions?: Readonly<Record<string, string>>;
}

/** `{issuer}/.well-known/aauth-issuer` (profile 5.1). */
export interface IssuerMetadata {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly agent_token_endpoint: string;
  readonly agent_auth_endpoint?: string;
  readonly agent_signing_algs_supported?: readonly string[];
  readonly request_types_supported?: readonly string[];
  readonly scopes_supported?: readonly string[];
}
