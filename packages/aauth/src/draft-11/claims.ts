import type { PublicJwk } from "../types.ts";

/** Claims of all tokens of draft -11 (section 11.5.1). Times are Unix seconds. */
export interface CommonClaims {
  /** Server identifier of the issuer. */
  readonly iss: string;
  /** Name of the issuer's metadata document. */
  readonly dwk: string;
  /** Unique among the tokens of the issuer. */
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number;
  readonly [claim: string]: unknown;
}

interface BoundClaims extends CommonClaims {
  /** The key that signs the requests that carry the token. */
  readonly cnf: { readonly jwk: PublicJwk };
}

/** Claims of an `aa-agent+jwt` (section 5.3), which names an agent. */
export interface AgentTokenClaims extends BoundClaims {
  /** Agent identifier. */
  readonly sub: string;
  /** The agent's person server. Only a hint: a person token names the person. */
  readonly ps?: string;
  /** Parent of a sub-agent. */
  readonly parent_agent?: string;
}

/** Claims of an `aa-person+jwt` (section 7.1.1), which names a person by `(iss, sub)`. */
export interface PersonTokenClaims extends BoundClaims {
  /** The resource. */
  readonly aud: string;
  /** Opaque identifier of the person, different for each resource. */
  readonly sub: string;
  readonly tenant?: string;
  readonly mission_s256?: string;
}

/**
 * Claims of an `aa-resource+jwt` (section 6.7.1): the authorization that a resource requires, and
 * the person it concerns.
 */
export interface ResourceTokenClaims extends CommonClaims {
  /** The person server or access server that redeems it. */
  readonly aud: string;
  /** Person server of the person. */
  readonly ps: string;
  readonly sub: string;
  /** `jti` of the token that the request carried. */
  readonly presented_jti: string;
  /** RFC 7638 thumbprint of the key that signed the request. */
  readonly agent_jkt: string;
  /** Space-separated scopes. */
  readonly scope?: string;
  readonly account?: string;
  readonly tenant?: string;
  readonly mission_s256?: string;
  readonly login_hint?: string;
  /** The resource's own page, on which the person must act first. */
  readonly interaction?: { readonly url: string; readonly code: string };
}

/** Claims of an `aa-auth+jwt` (section 9.4.1): an agent's authorization to act for a person. */
export interface AuthTokenClaims extends BoundClaims {
  /** The resource. */
  readonly aud: string;
  /** Person server of the person. Equals `iss` unless an access server issued the token. */
  readonly ps: string;
  readonly sub: string;
  /** Space-separated scopes. */
  readonly scope?: string;
  readonly account?: string;
  readonly tenant?: string;
  readonly mission_s256?: string;
}
