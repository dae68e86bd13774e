import { platformCrypto } from "#crypto";
import { defaultSigningProfile } from "../default-profile.ts";
import { requireIdentifier } from "../discovery/checked-options.ts";
import { requestTarget } from "../http-signatures/authority.ts";
import { formatContentDigest } from "../http-signatures/content-digest.ts";
import { createNonce, isUnsafeMethod } from "../http-signatures/replay.ts";
import { buildSignatureBase } from "../http-signatures/signature-base.ts";
import { formatSignatureInput } from "../http-signatures/signature-input.ts";
import type { EndpointRole, SignatureKeyScheme } from "../profile/messages.ts";
import type { SigningProfile } from "../profile/wire-profile.ts";
import type { HeaderFields, SigningKey } from "../types.ts";

/** A request about to be sent. */
export interface RequestToSign {
  /** As it goes on the wire: `POST`, not `post`. */
  readonly method: string;
  /** Absolute, exactly as it goes on the wire; nothing is normalised, a fragment is ignored. */
  readonly url: string;
  /**
   * Lower-case names. With a body, `content-type` has to be here. Signature headers of an earlier
   * try do not count.
   */
  readonly headers?: HeaderFields | undefined;
  /** The bytes as they go on the wire. */
  readonly body?: Uint8Array | undefined;
}

/** With what, and in which dialect, a request is signed. */
export interface SignRequestOptions {
  /** The private key. */
  readonly key: SigningKey;
  /** How the receiver learns the key. */
  readonly signatureKey: SignatureKeyScheme;
  /** Default `draft11`. */
  readonly profile?: SigningProfile | undefined;
  /**
   * What kind of endpoint is asked, where the profile's coverage depends on it. Default `resource`.
   */
  readonly endpoint?: EndpointRole | undefined;
  /** Clock in Unix seconds. Default the system's. */
  readonly now?: (() => number) | undefined;
  /**
   * Components that the receiver publishes to demand beside those of the profile. Covered where the
   * request has them. Default none.
   */
  readonly additionalComponents?: readonly string[] | undefined;
  /**
   * The nonce to send, in base64url; false for none. Default: a new one on unsafe methods, where
   * the profile has nonces. In a profile without a field for it, it is the parameter of the
   * signature (RFC 9421 section 2.3).
   */
  readonly nonce?: string | false | undefined;
}

/** A signature, ready to be sent. */
export interface SignedRequest {
  /** The headers to set on the request, and no others. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** What was signed. Contains the whole `signature-key` value: cut it before it is stored. */
  readonly signatureBase: string;
  /** What was signed, in its order. */
  readonly coveredComponents: readonly string[];
  /** Unix seconds. */
  readonly created: number;
}

/**
 * Signs a request in the words of a wire profile: what has to be covered is the profile's.
 *
 * Does NOT send anything, nor add `content-type`.
 *
 * @throws TypeError for a `url` that is not absolute http or https or has a user part, for an `id`
 * that is not a canonical identifier, and for `headers` with a name that is not in lower case. In a
 * `Headers` object it finds no field: give `Object.fromEntries(headers)`.
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
  const { fields, label } = messages;
  const { scheme, authority, target } = requestTarget(url);
  requireFields(request.headers);
  if ("id" in signatureKey) requireIdentifier("id", signatureKey.id, profile);
  const added: Record<string, string> = { [fields.signatureKey]: messages.formatKeyClaim(signatureKey, key) };
  const hasBody = body !== undefined && body.length > 0;
  // Also where it is not covered: the published Keycloak extension reads a body only where a digest
  // is sent.
  if (hasBody) added[fields.contentDigest] = await formatContentDigest(body);
  const nonce = nonceFor(request, options, messages);
  if (nonce !== undefined && fields.nonce !== undefined) added[fields.nonce] = nonce;
  const headers = { ...request.headers, ...added };

  const rules = messages.endpoints[role];
  if (rules === undefined) throw new TypeError(`endpoint: profile ${profile.name} has no rules for ${role}`);
  const { additionalComponents: additional } = options;
  const facts = { method, target, headers, hasBody, endpoint: { role, ...rules }, additional };
  const components = messages.signedComponents(facts);
  const created = Math.floor(options.now ? options.now() : Date.now() / 1000);
  const parameter = fields.nonce === undefined ? nonce : undefined;
  const { value, raw } = formatSignatureInput(label, components, created, parameter);
  const { absentQuery } = messages;
  const message = { method, scheme, authority, target, headers, components };
  const base = buildSignatureBase({ ...message, absentQuery, signatureParams: raw });
  added[fields.signatureInput] = value;
  added[fields.signature] = messages.formatSignature(await key.sign(platformCrypto.encodeAscii(base)));
  return { headers: added, signatureBase: base, coveredComponents: components, created };
}

/** A field that is not found here would be sent without being covered. */
function requireFields(headers: HeaderFields = {}): void {
  for (const name of Object.keys(headers)) {
    if (UPPER_CASE.test(name)) throw new TypeError(`headers must have names in lower case, not ${name}`);
  }
}

const UPPER_CASE = /[A-Z]/;

function nonceFor(
  { method }: RequestToSign,
  { nonce }: SignRequestOptions,
  { fields, sendsNonce }: SigningProfile["messages"],
): string | undefined {
  if (nonce === false || (fields.nonce !== undefined && !sendsNonce)) return undefined;
  return nonce ?? (sendsNonce && isUnsafeMethod(method) ? createNonce() : undefined);
}
