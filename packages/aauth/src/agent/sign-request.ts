import { platformCrypto } from "#crypto";
import { defaultSigningProfile } from "../default-profile.ts";
import { requireIdentifier } from "../discovery/checked-options.ts";
import { requestTarget } from "../http-signatures/authority.ts";
import { formatContentDigest } from "../http-signatures/content-digest.ts";
import { createNonce, isUnsafeMethod } from "../http-signatures/replay.ts";
import { formatSignature } from "../http-signatures/signature.ts";
import { buildSignatureBase } from "../http-signatures/signature-base.ts";
import { formatSignatureInput } from "../http-signatures/signature-input.ts";
import { endpointRulesOf } from "../profile/endpoint-rules.ts";
import type { EndpointRole, SignatureKeyScheme } from "../profile/messages.ts";
import type { SigningProfile } from "../profile/wire-profile.ts";
import type { HeaderFields, SigningKey } from "../types.ts";

/** A request about to be sent. */
export interface RequestToSign {
  /** Exactly as sent: `POST`, not `post`. */
  readonly method: string;
  /** Absolute, exactly as sent. It is not normalised; a fragment is ignored. */
  readonly url: string;
  /**
   * Lower-case names. With a body, `content-type` is required. Signature headers of an earlier
   * attempt are replaced.
   */
  readonly headers?: HeaderFields | undefined;
  /** The bytes, exactly as sent. */
  readonly body?: Uint8Array | undefined;
}

/** Key, credential and dialect of a signature. */
export interface SignRequestOptions {
  /** The private key. */
  readonly key: SigningKey;
  /** Credential from which the receiver learns the key. */
  readonly signatureKey: SignatureKeyScheme;
  /** Default `draft11`. */
  readonly profile?: SigningProfile | undefined;
  /** Kind of endpoint, on which coverage may depend. Default `resource`. */
  readonly endpoint?: EndpointRole | undefined;
  /** Clock in Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /**
   * Additional components that the receiver publishes as required. Covered if the request has them.
   * Default: none.
   */
  readonly additionalComponents?: readonly string[] | undefined;
  /**
   * The nonce to send, in base64url; false for none. Default: a new one for unsafe methods, so that
   * signers with one key do not repeat each other's signatures.
   */
  readonly nonce?: string | false | undefined;
}

/** Headers of a signature, and the facts it was made of. */
export interface SignedRequest {
  /** All headers to set on the request. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * The signature base. It contains the whole `signature-key` value, so redact it before storing.
   */
  readonly signatureBase: string;
  /** Covered components, in signing order. */
  readonly coveredComponents: readonly string[];
  /** Unix seconds. */
  readonly created: number;
}

/**
 * Signs a request according to a wire profile, which determines the covered components.
 *
 * Does NOT send anything, or add `content-type`.
 *
 * @throws TypeError for a `url` that is not absolute http or https or has a user part, for an `id`
 *   that is not a canonical identifier, and for `headers` with a name that is not in lower case.
 *   For a `Headers` object, pass `Object.fromEntries(headers)`. Also for a `key` that
 *   cannot sign.
 * @throws AAuthVerificationError `missing_component` when a body has no `content-type`, or a value
 * is not printable ASCII.
 * @throws AAuthVerificationError `malformed_signature_key` when the kid or token cannot be written,
 * or the profile has no such scheme.
 * @throws AAuthVerificationError `header_too_large`
 *
 * @example
 * const signed = await signRequest(
 *   { method: "GET", url: "https://resource.example/api/data" },
 *   { key, signatureKey: { scheme: "hwk" } },
 * );
 * await fetch("https://resource.example/api/data", { headers: signed.headers });
 */
export async function signRequest(
  request: RequestToSign,
  options: SignRequestOptions,
): Promise<SignedRequest> {
  const { method, url, body } = request;
  const { key, signatureKey, profile = defaultSigningProfile, endpoint: role = "resource" } = options;
  const { messages } = profile;
  const { fields, label, nonceFields } = messages;
  const { scheme, authority, target } = requestTarget(url);
  if (typeof key?.sign !== "function")
    throw new TypeError("key must be a SigningKey: await generateSigningKey() or importSigningKey()");
  requireFields(request.headers);
  if ("id" in signatureKey) requireIdentifier("id", signatureKey.id, profile);
  const added: Record<string, string> = { [fields.signatureKey]: messages.formatKeyClaim(signatureKey, key) };
  const hasBody = body !== undefined && body.length > 0;
  // Added even if it is not covered: the published Keycloak extension reads a body only with a
  // digest.
  if (hasBody) added[fields.contentDigest] = await formatContentDigest(body);
  const { nonce = isUnsafeMethod(method) && createNonce() } = options;
  if (nonce !== false && nonceFields !== undefined) Object.assign(added, nonceFields(nonce));
  const headers = { ...request.headers, ...added };

  const rules = endpointRulesOf(profile, role);
  const { additionalComponents: additional } = options;
  const facts = { method, target, headers, hasBody, endpoint: { role, ...rules }, additional };
  const components = messages.signedComponents(facts);
  const created = Math.floor(options.now ? options.now() : Date.now() / 1000);
  const parameter = nonce === false || nonceFields !== undefined ? undefined : nonce;
  const { value, raw } = formatSignatureInput(label, components, created, parameter);
  const { absentQuery } = messages;
  const message = { method, scheme, authority, target, headers, components };
  const base = buildSignatureBase({ ...message, absentQuery, signatureParams: raw });
  added[fields.signatureInput] = value;
  const signature = await key.sign(platformCrypto.encodeAscii(base));
  added[fields.signature] = formatSignature(label, signature, messages.signatureEncoding);
  return { headers: added, signatureBase: base, coveredComponents: components, created };
}

/** Refuses upper-case names: such a field would be sent without being covered. */
function requireFields(headers: HeaderFields = {}): void {
  for (const name of Object.keys(headers)) {
    if (UPPER_CASE.test(name)) throw new TypeError(`headers must have names in lower case, not ${name}`);
  }
}

const UPPER_CASE = /[A-Z]/;
