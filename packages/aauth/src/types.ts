/**
 * The shapes that cross the borders of this package. Everything here is data: no class, no function.
 *
 * @module
 */

import type { VerificationReport } from "./signing/report.ts";

/** How the key of a message is made known: in the header, by discovery, or inside a token (profile 1.3). */
export type SignatureScheme = "hwk" | "jwks" | "jwt";

/** What a resource knows of its caller, lowest first. */
export type Level = "pseudonymous" | "identified" | "authorized";

/** An Ed25519 public key as a JWK. Members of a private or symmetric key are never present. */
export interface PublicJwk {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  /** 32 bytes, base64url without padding. */
  readonly x: string;
  readonly kid?: string;
  readonly use?: string;
  readonly alg?: string;
}

/** Any public JWK an issuer may publish: RSA, EC or OKP. */
export interface IssuerJwk {
  readonly kty: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
  readonly [member: string]: unknown;
}

/** A JWK Set document (RFC 7517 section 5). */
export interface Jwks {
  readonly keys: readonly IssuerJwk[];
}

/** A private Ed25519 key, imported once, that signs requests and tokens. */
export interface SigningKey {
  readonly kid: string;
  /** `{kty, crv, x, kid}`: what the owner publishes in its JWKS. */
  readonly publicJwk: PublicJwk & { readonly kid: string };
  /** RFC 7638 SHA-256 thumbprint, base64url. */
  readonly thumbprint: string;
  /** Signs bytes with Ed25519; 64 bytes come back. A promise only where the platform's cryptography is asynchronous. */
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** A public Ed25519 key, imported once, that verifies messages. */
export interface VerificationKey {
  readonly publicJwk: PublicJwk;
  readonly thumbprint: string;
  /** True when `signature` (64 bytes) is this key's signature over `data`. */
  verify(data: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}

/** Header fields of a message that is signed or judged: lower-case names, values as received. */
export type HeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A request as it arrived. Nothing in it is trusted; in particular its `host` is never used. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query exactly as on the request line (`/a%2Fb?x=1`), never normalised. */
  readonly target: string;
  readonly headers: HeaderFields;
}

/** `act`: the party that called the current requester, innermost last (profile 4.4). */
export interface ActClaim {
  readonly agent: string;
  readonly agent_delegate?: string;
  readonly sub?: string;
  readonly act?: ActClaim;
}

/** Claims of a `resource+jwt` (profile 4.1). Times are Unix seconds. */
export interface ResourceTokenClaims {
  readonly iss: string;
  readonly aud: string;
  readonly agent: string;
  /** RFC 7638 thumbprint of the key that signed the challenged request. */
  readonly agent_jkt: string;
  readonly exp: number;
  /** Space-separated scopes. */
  readonly scope?: string;
  readonly auth_request_url?: string;
}

/** Claims of an `auth+jwt` (profile 4.2). Times are Unix seconds. */
export interface AuthTokenClaims {
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly exp: number;
  readonly iat?: number;
  readonly nbf?: number;
  readonly jti?: string;
  /** The user, when the agent acts for one. */
  readonly sub?: string;
  /** The agent the token was issued to; absent when the agent is the resource itself. */
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
  /** The agent server, which is the agent's identity. */
  readonly iss: string;
  /** The delegate, stable over key rotation. */
  readonly sub: string;
  readonly exp: number;
  readonly cnf: { readonly jwk: PublicJwk };
  readonly aud?: string | readonly string[];
  readonly [claim: string]: unknown;
}

/** A caller whose request signature has been proven; a union by level. It cannot exist unless every check passed. */
export type VerifiedAgent = PseudonymousAgent | IdentifiedAgent | AuthorizedAgent;

interface ProvenKey {
  readonly key: PublicJwk;
  readonly thumbprint: string;
}

/** Known only by its key: scheme hwk, or a key set by URL where `interop.jwksMode1` lets that pass. */
export interface PseudonymousAgent extends ProvenKey {
  readonly level: "pseudonymous";
  readonly scheme: "hwk" | "jwks";
}

/** Known by its published identity (scheme jwks), or by an agent token (scheme jwt). */
export interface IdentifiedAgent extends ProvenKey {
  readonly level: "identified";
  readonly scheme: "jwks" | "jwt";
  /** Agent identifier: an URL without trailing slash. */
  readonly agent: string;
  readonly agentDelegate?: string;
  /** Present when the identity came from an agent token. */
  readonly agentToken?: AgentTokenClaims;
}

/** Holds an auth token for this resource, bound to the key that signed the request (scheme jwt). */
export interface AuthorizedAgent extends ProvenKey {
  readonly level: "authorized";
  readonly scheme: "jwt";
  readonly agent: string;
  readonly agentDelegate?: string;
  /** The user the agent acts for. */
  readonly subject?: string;
  readonly scopes: readonly string[];
  readonly act?: ActClaim;
  readonly authToken: AuthTokenClaims;
  /** The compact token: needed as upstream token for a token exchange. Never log it. Not enumerable, so that a copy or a log line of the agent is without. */
  readonly rawAuthToken: string;
}

/** What a route demands of its caller. */
export type Requirement =
  | { readonly level: "pseudonymous" }
  | { readonly level: "identified" }
  | {
      readonly level: "authorized";
      readonly scopes: readonly string[];
      /** Whether the auth token has to name a user (`sub`). Default: it need not, and the agent may act for itself. */
      readonly subject?: "required";
    };

/** A request that passed the gate. */
export interface VerifiedRequest {
  readonly agent: VerifiedAgent;
  readonly report: VerificationReport;
}

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
