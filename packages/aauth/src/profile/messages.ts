/**
 * Rules for signed messages in one dialect: signers, coverage and endpoints. A signer needs, and
 * loads, less of it than a verifier.
 *
 * @module
 */

import type { SignatureEncoding } from "../http-signatures/signature.ts";
import type { SignatureInput } from "../http-signatures/signature-input.ts";
import type { HeaderFields, KeyAlgorithm, SigningKey, VerificationKey } from "../types.ts";

/**
 * The claimed key of a message, unproven until the signature is verified. The resolver of the
 * scheme knows the other members.
 */
export interface KeyClaim {
  readonly label: string;
  readonly scheme: string;
  /** The token that confirms the key, for schemes with a token. Compact JWS. Never log it. */
  readonly jwt?: string;
}

/** Facts that determine the components a message must cover. */
export interface MessageFacts {
  readonly method: string;
  /** Path and query as on the request line. */
  readonly target: string;
  /** Lower-case names. */
  readonly headers: HeaderFields;
  /** Whether there is a body, or the headers announce one. */
  readonly hasBody: boolean;
  readonly endpoint: EndpointRules;
  /** Additional components that the receiver publishes as required. Default: none. */
  readonly additional?: readonly string[] | undefined;
}

/** Rules for signing messages. */
export interface SigningRules {
  /** Rules for callers of each kind of endpoint. An absent kind cannot be guarded or called. */
  readonly endpoints: Readonly<Partial<Record<EndpointRole, Omit<EndpointRules, "role">>>>;
  /** Field names, in lower case. */
  readonly fields: {
    readonly signatureKey: string;
    readonly signatureInput: string;
    readonly signature: string;
    readonly contentDigest: string;
  };
  /** Label of new signatures. */
  readonly label: string;
  /**
   * @throws AAuthError `malformed_signature_key`, `header_too_large` for a credential that cannot
   *   be written
   */
  formatKeyClaim(credential: SignatureKeyScheme, key: SigningKey): string;
  /** Encoding of signatures in `Signature`. */
  readonly signatureEncoding: SignatureEncoding;
  /** Components that a signer covers, in order. */
  signedComponents(facts: MessageFacts): readonly string[];
  /** Whether a signer covers the digest of the body that it sends. */
  readonly bindsBody: boolean;
  /**
   * Fields for the nonce of an unsafe request. Default: it is the signature parameter (RFC 9421
   * section 2.3).
   */
  readonly nonceFields?: (nonce: string) => Readonly<Record<string, string>>;
  /**
   * Value of `@query` for a target without a query (RFC 9421 section 2.2.7). Default: `@query`
   * cannot be covered then.
   */
  readonly absentQuery?: "?";
}

/** Rules for signing and parsing messages. */
export interface MessageRules extends SigningRules {
  /** Algorithms of message keys. */
  readonly keyAlgorithms: readonly KeyAlgorithm[];
  /**
   * True if a value of the `Signature-Key` field has this profile's syntax, which distinguishes the
   * profiles of one endpoint.
   */
  claims(signatureKey: string): boolean;
  /**
   * @param label label of the verified signature, if already known; selects one of several members
   * @throws AAuthError `malformed_signature_key`, `unsupported_scheme`, `unsupported_key`,
   * `header_too_large`
   */
  parseKeyClaim(value: string, label?: string): KeyClaim;
  /**
   * Identifier of the agent that a `Signature-Key` value names; undefined if it names none or
   * cannot be parsed. Unproven: it only selects the variant of the profile. Undefined for a profile
   * without variants.
   */
  readonly claimedAgent?: (signatureKey: string) => string | undefined;
  /**
   * Parses the member that is verified.
   *
   * @throws AAuthError `malformed_signature_input`, `header_too_large`
   */
  parseSignatureInput(value: string): SignatureInput;
  /**
   * @param label label of `Signature-Input`, if already known
   * @throws AAuthError `malformed_signature`
   */
  parseSignature(value: string, label?: string): { readonly label: string; readonly bytes: Uint8Array };
  /**
   * Returns the name of a `Signature-Input` parameter that contradicts the key, if any: this key
   * cannot have signed. Default: `alg`, if it does not match the key.
   */
  readonly foreignParameter?: (
    input: SignatureInput,
    key: VerificationKey,
    claim: KeyClaim,
  ) => string | undefined;
  /**
   * Reads the nonce with which a request is accepted once. Undefined in a profile without nonces:
   * the signature base is remembered, as for a request without one.
   *
   * @throws AAuthError `nonce_required`, `malformed_nonce`
   */
  readonly readNonce?: (request: {
    readonly method: string;
    readonly headers: HeaderFields;
  }) => string | undefined;
  /** Components that a verifier demands, in any order. */
  demandedComponents(facts: MessageFacts): readonly string[];
}

/** Way in which the receiver of a message learns the key. The signer chooses it. */
export type SignatureKeyScheme =
  | { readonly scheme: "hwk" }
  | { readonly scheme: "jwks"; readonly id: string }
  | { readonly scheme: "jwks_uri"; readonly id: string; readonly document: string }
  | { readonly scheme: "jwt"; readonly jwt: string };

/** Kind of endpoint that a verifier guards. */
export type EndpointRole = "resource" | "token" | "pending" | "revocation";

/** Rules for callers of a kind of endpoint. */
export interface EndpointRules {
  readonly role: EndpointRole;
  readonly schemes: readonly string[];
  /** Accepted `typ` of tokens in `Signature-Key`. */
  readonly tokenTypes: readonly string[];
  /** Tolerance of `created` in both directions. */
  readonly toleranceSeconds: number;
  /**
   * `remember`: an unsafe request is accepted once. `none`: repetitions within the window are
   * accepted.
   */
  readonly replay: "remember" | "none";
}
