/**
 * The fields of a signed message in one dialect: who signs, what is covered, at which endpoint. A
 * signer needs less of it than a verifier, and loads no more.
 *
 * @module
 */

import type { SignatureInput } from "../http-signatures/signature-input.ts";
import type { HeaderFields, KeyAlgorithm, SigningKey, VerificationKey } from "../types.ts";

/**
 * Which key a message says it was signed with. A claim until the signature is verified; a scheme's
 * resolver knows its other members.
 */
export interface KeyClaim {
  readonly label: string;
  readonly scheme: string;
  /** The token that confirms the key, in the schemes that have one. Compact JWS. Never log it. */
  readonly jwt?: string;
}

/** What decides which components of a message have to be covered. */
export interface MessageFacts {
  readonly method: string;
  /** Path and query as on the request line. */
  readonly target: string;
  /** Lower-case names. */
  readonly headers: HeaderFields;
  /** Whether there is a body, or one is announced. */
  readonly hasBody: boolean;
  readonly endpoint: EndpointRules;
  /** Further components that the receiver publishes to demand. Default: none. */
  readonly additional?: readonly string[] | undefined;
}

/** How a message is signed. */
export interface SigningRules {
  /**
   * Who may call which kind of endpoint, and how. A kind that is absent cannot be guarded or
   * called.
   */
  readonly endpoints: Readonly<Partial<Record<EndpointRole, Omit<EndpointRules, "role">>>>;
  /** Field names, in lower case. */
  readonly fields: {
    readonly signatureKey: string;
    readonly signatureInput: string;
    readonly signature: string;
    readonly contentDigest: string;
    /** Undefined in a profile without nonces. */
    readonly nonce: string | undefined;
  };
  /** The label of own signatures. */
  readonly label: string;
  /** @throws AAuthError `malformed_signature_key`, `header_too_large` for what cannot be written */
  formatKeyClaim(credential: SignatureKeyScheme, key: SigningKey): string;
  formatSignature(signature: Uint8Array): string;
  /** Components that a signer covers, in the order in which they are sent. */
  signedComponents(facts: MessageFacts): readonly string[];
  /** Whether a signer covers the digest of the body that it sends. */
  readonly bindsBody: boolean;
  /** Whether a signer sends a nonce with an unsafe method. */
  readonly sendsNonce: boolean;
  /**
   * What `@query` stands for where the target has none (RFC 9421 section 2.2.7). Default: it cannot
   * be covered then.
   */
  readonly absentQuery?: "?";
}

/** How a message is signed, and read. */
export interface MessageRules extends SigningRules {
  /** Algorithms of message keys. */
  readonly keyAlgorithms: readonly KeyAlgorithm[];
  /**
   * True where a value of the `Signature-Key` field has this profile's shape: what tells profiles
   * apart on one endpoint.
   */
  claims(signatureKey: string): boolean;
  /**
   * @param label of the signature that is verified, where it is known by then: of several members
   * this one counts
   * @throws AAuthError `malformed_signature_key`, `unsupported_scheme`, `unsupported_key`,
   * `header_too_large`
   */
  parseKeyClaim(value: string, label?: string): KeyClaim;
  /**
   * Identifier of the agent that a value of the `Signature-Key` field names; undefined where it
   * names none or cannot be read. It selects the variant of a profile that a message is judged by,
   * and proves nothing. Undefined for a profile without variants.
   */
  readonly claimedAgent?: (signatureKey: string) => string | undefined;
  /**
   * The member that is verified.
   *
   * @throws AAuthError `malformed_signature_input`, `header_too_large`
   */
  parseSignatureInput(value: string): SignatureInput;
  /**
   * @param label that of `Signature-Input`, where it is known by then
   * @throws AAuthError `malformed_signature`
   */
  parseSignature(value: string, label?: string): { readonly label: string; readonly bytes: Uint8Array };
  /**
   * The parameter of `Signature-Input` that speaks of another key than this one, if there is one:
   * such a key has not signed. Default: `alg`, where it is not that of the key.
   */
  readonly foreignParameter?: (
    input: SignatureInput,
    key: VerificationKey,
    claim: KeyClaim,
  ) => string | undefined;
  /** Components that a verifier demands. Order is free, more is welcome. */
  demandedComponents(facts: MessageFacts): readonly string[];
}

/** How the receiver of a message learns its key: what an agent chooses when it signs. */
export type SignatureKeyScheme =
  | { readonly scheme: "hwk" }
  | { readonly scheme: "jwks"; readonly id: string }
  | { readonly scheme: "jwks_uri"; readonly id: string; readonly document: string }
  | { readonly scheme: "jwt"; readonly jwt: string };

/** What kind of endpoint a verifier guards. */
export type EndpointRole = "resource" | "token" | "pending" | "revocation";

/** Who may call a kind of endpoint, and how. */
export interface EndpointRules {
  readonly role: EndpointRole;
  readonly schemes: readonly string[];
  /** `typ` of tokens in `Signature-Key` that are accepted. */
  readonly tokenTypes: readonly string[];
  /** How far `created` may be from now, either way. */
  readonly toleranceSeconds: number;
  /**
   * `remember`: what a request could do twice passes once. `none`: repetitions within the window
   * pass.
   */
  readonly replay: "remember" | "none";
}
