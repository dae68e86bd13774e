import type { ActClaim, PublicJwk } from "../types.ts";

/** Claims of a `resource+jwt` (profile 4.1). Times are Unix seconds. */
export interface FebruaryResourceTokenClaims {
  readonly iss: string;
  readonly aud: string;
  readonly agent: string;
  /** RFC 7638 thumbprint of the key that signed the challenged request. */
  readonly agent_jkt: string;
  readonly exp: number;
  readonly iat?: number;
  readonly nbf?: number;
  /** Space-separated scopes. */
  readonly scope?: string;
  readonly auth_request_url?: string;
}

/** Claims of an `auth+jwt` (profile 4.2). Times are Unix seconds. */
export interface FebruaryAuthTokenClaims {
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly exp: number;
  readonly iat?: number;
  readonly nbf?: number;
  readonly jti?: string;
  /** The user, if the agent acts for one. */
  readonly sub?: string;
  /** The agent to which the token was issued; absent if it is the resource itself. */
  readonly agent?: string;
  readonly agent_delegate?: string;
  readonly cnf: { readonly jwk: PublicJwk };
  /** Space-separated scopes. */
  readonly scope?: string;
  readonly act?: ActClaim;
  readonly [claim: string]: unknown;
}

/** Claims of an `agent+jwt` (profile 4.3). Times are Unix seconds. */
export interface AgentTokenClaims {
  /** The agent server, whose identifier is the agent's identity. */
  readonly iss: string;
  /** The delegate, stable across key rotation. */
  readonly sub: string;
  readonly exp: number;
  readonly iat?: number;
  readonly nbf?: number;
  readonly cnf: { readonly jwk: PublicJwk };
  readonly aud?: string | readonly string[];
  readonly [claim: string]: unknown;
}
