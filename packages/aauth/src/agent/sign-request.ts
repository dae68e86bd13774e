import { platformCrypto } from "#crypto";
import { requireIdentifier } from "../discovery/checked-options.ts";
import { requestTarget } from "../http-signatures/authority.ts";
import { formatContentDigest } from "../http-signatures/content-digest.ts";
import { requireFieldObject } from "../http-signatures/field.ts";
import { createNonce, isUnsafeMethod } from "../http-signatures/replay.ts";
import { formatSignature, type SignatureEncoding } from "../http-signatures/signature.ts";
import { buildSignatureBase } from "../http-signatures/signature-base.ts";
import { formatSignatureInput } from "../http-signatures/signature-input.ts";
import { PROFILE } from "../profile.ts";
import { coveredComponents } from "../profiles/february-2026/coverage.ts";
import { formatSignatureKey, type SignatureKey } from "../profiles/february-2026/signature-key.ts";
import type { HeaderFields, SigningKey } from "../types.ts";

const { headers: fields } = PROFILE;

/** A request about to be sent. */
export interface RequestToSign {
  /** As it goes on the wire: `POST`, not `post`. */
  readonly method: string;
  /** Absolute, exactly as it goes on the wire; nothing is normalised, a fragment is ignored. */
  readonly url: string;
  /** Lower-case names. With a body, `content-type` has to be here. Signature headers of an earlier try do not count. */
  readonly headers?: HeaderFields | undefined;
  /** The bytes as they go on the wire. */
  readonly body?: Uint8Array | undefined;
}

/** How the receiver learns the key. */
export type SignatureKeyChoice =
  | { readonly scheme: "hwk" }
  | {
      readonly scheme: "jwks";
      /** The agent's own identifier, without trailing slash. */
      readonly id: string;
      /** Name the metadata document; default true. False is byte-identical with the February demo. */
      readonly wellKnown?: boolean;
    }
  | { readonly scheme: "jwt"; readonly jwt: string };

export interface SignRequestOptions {
  readonly key: SigningKey;
  readonly signatureKey: SignatureKeyChoice;
  /** Clock in Unix seconds. Default the system's. */
  readonly now?: () => number;
  /** The `Nonce` to send; false for none. Default: a fresh one on unsafe methods. */
  readonly nonce?: string | false;
  readonly interop?: {
    /** Sign as the Python demo agents can verify: neither body nor nonce is covered or sent. Default false. */
    readonly pythonAgents?: boolean;
    /** Default `base64url`. */
    readonly signatureEncoding?: SignatureEncoding;
  };
}

/** A signature, ready to be sent. */
export interface SignedRequest {
  /** The headers to set on the request, and no others. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** What was signed. Contains the whole `signature-key` value: cut it before it is stored. */
  readonly signatureBase: string;
  readonly coveredComponents: readonly string[];
  /** Unix seconds. */
  readonly created: number;
}

/**
 * Signs a request (profile 2): covers method, authority, path, query, body, nonce and key, whatever of them
 * the request has.
 *
 * @throws {TypeError} when `url` is not absolute http or https, or has a user part; when `id` is not a canonical identifier; for `headers`
 *   that are a `Headers` object, or have a name that is not in lower case
 * @throws {AAuthError} `missing_component` when a body has no `content-type`, or a value is not printable ASCII;
 *   `malformed_signature_key` when the kid or token cannot be written; `header_too_large`
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
  const { key, interop } = options;
  const { authority, target } = requestTarget(url);
  requireFields(request.headers);
  const added: Record<string, string> = { [fields.signatureKey]: formatSignatureKey(keyClaim(options)) };
  const hasBody = body !== undefined && body.length > 0 && !interop?.pythonAgents;
  if (hasBody) added[fields.contentDigest] = await formatContentDigest(body);
  const nonce = chooseNonce(request, options);
  if (nonce !== undefined) added[fields.nonce] = nonce;
  const headers = { ...request.headers, ...added };

  const query = target.indexOf("?");
  // The Python agents take a bare "?" for no query at all.
  const hasQuery = query !== -1 && !(interop?.pythonAgents && query === target.length - 1);
  // Also one among the request's own headers: a nonce that is sent has to be covered.
  const hasNonce = !interop?.pythonAgents && headers[fields.nonce] !== undefined;
  const components = coveredComponents({ hasQuery, hasBody, hasNonce });
  const created = Math.floor(options.now ? options.now() : Date.now() / 1000);
  const { value, raw } = formatSignatureInput(PROFILE.label, components, created);
  const base = buildSignatureBase({ method, authority, target, headers, components, signatureParams: raw });
  added[fields.signatureInput] = value;
  const signature = await key.sign(platformCrypto.encodeAscii(base));
  added[fields.signature] = formatSignature(PROFILE.label, signature, interop?.signatureEncoding);
  return { headers: added, signatureBase: base, coveredComponents: components, created };
}

function keyClaim({ key, signatureKey }: SignRequestOptions): SignatureKey {
  const { label } = PROFILE;
  switch (signatureKey.scheme) {
    case "hwk":
      return { label, scheme: "hwk", jwk: key.publicJwk };
    case "jwks": {
      requireIdentifier("id", signatureKey.id);
      const named = { label, scheme: "jwks", id: signatureKey.id, kid: key.kid } as const;
      return signatureKey.wellKnown === false ? named : { ...named, wellKnown: PROFILE.wellKnown.agent };
    }
    case "jwt":
      return { label, scheme: "jwt", jwt: signatureKey.jwt };
  }
}

/** A field that is not found here would be sent without being covered. */
function requireFields(headers: HeaderFields = {}): void {
  requireFieldObject(headers);
  for (const name of Object.keys(headers)) {
    if (UPPER_CASE.test(name)) throw new TypeError(`headers must have names in lower case, not ${name}`);
  }
}

const UPPER_CASE = /[A-Z]/;

function chooseNonce(request: RequestToSign, options: SignRequestOptions): string | undefined {
  if (options.interop?.pythonAgents || options.nonce === false) return undefined;
  if (options.nonce !== undefined) return options.nonce;
  return isUnsafeMethod(request.method) ? createNonce() : undefined;
}
