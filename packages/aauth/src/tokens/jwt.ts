/**
 * Compact JWS: taken apart, put together, and verified. Small and strict: three parts, one serialization, three
 * algorithms, no extension (docs/decisions/0017; `jose` is the second opinion in the tests).
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { decodeBase64Url, encodeBase64Url } from "../base64.ts";
import type { SignatureVerifier } from "../crypto/interface.ts";
import { AAuthError } from "../errors.ts";
import { PROFILE, type TokenAlgorithm } from "../profile.ts";
import { deepFreeze } from "../store/deep-freeze.ts";
import { RecentMap } from "../store/recent-map.ts";
import type { IssuerJwk } from "../types.ts";
import { parseJsonObject } from "./json-object.ts";
import { importTokenKey, isKeyFor } from "./token-key.ts";

type Members = Readonly<Record<string, unknown>>;

/** A token taken apart. Nothing in it has been verified. */
export interface DecodedToken {
  readonly header: Members;
  readonly claims: Members;
}

/** A byte order mark is no JSON. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const encoder = new TextEncoder();

/** Keys by the object discovery keeps, so that both are forgotten together. */
const importedKeys = new WeakMap<IssuerJwk, SignatureVerifier>();

/** An issuer writes the same header into every token until its key changes. A long one is a stranger's. */
const MAX_KEPT_HEADER_CHARACTERS = 512;
const headers = new RecentMap<string, Members>(256);

/**
 * Takes a compact JWS apart.
 *
 * @throws AAuthError `malformed_token` unless it is three parts of canonical base64url whose first two are JSON
 * objects without a name twice, or when it is larger than 16 KiB or has critical extensions.
 */
export function decodeJwt(token: string): DecodedToken {
  if (token.length > PROFILE.maxHeaderBytes) throw malformed("the token is too large");
  const parts = token.split(".");
  if (parts.length !== 3) throw malformed("the token is not a compact JWS");
  const [header = "", claims = "", signature = ""] = parts;
  if (signature === "" || decodeBase64Url(signature) === undefined)
    throw malformed("the signature is not base64url");
  const decoded = { header: headerOf(header), claims: jsonObject(claims, "payload") };
  // No extension is understood here, and one marked critical must not be ignored (RFC 7515 section 4.1.11).
  if ("crit" in decoded.header) throw malformed("the token has critical extensions");
  // A payload as it stands (RFC 7797) is such an extension, marked or not.
  if ("b64" in decoded.header && decoded.header.b64 !== true) throw malformed("the payload is not encoded");
  return decoded;
}

/**
 * The `typ` of a token, without taking the rest of it apart: what decides who reads it.
 *
 * @throws AAuthError `malformed_token`.
 */
export function tokenType(token: string): unknown {
  if (token.length > PROFILE.maxHeaderBytes) throw malformed("the token is too large");
  return headerOf(token.slice(0, Math.max(0, token.indexOf(".")))).typ;
}

/** Puts a compact JWS together. The bytes follow the order of the members given: some peers and test vectors care. */
export async function signJwt(
  header: object,
  claims: object,
  sign: (data: Uint8Array) => Uint8Array | Promise<Uint8Array>,
): Promise<string> {
  const encode = (part: object) => encodeBase64Url(encoder.encode(JSON.stringify(part)));
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${encodeBase64Url(await sign(platformCrypto.encodeAscii(input)))}`;
}

/**
 * Verifies the signature of a token that {@link decodeJwt} accepted.
 *
 * @throws AAuthError `invalid_token_signature`, also when the key is not one for `alg`.
 *
 * Does NOT check any claim.
 */
export async function verifyJwt(token: string, jwk: IssuerJwk, alg: TokenAlgorithm): Promise<void> {
  if (!isKeyFor(jwk, alg)) {
    throw new AAuthError("invalid_token_signature", "the issuer's key is not one for the token's algorithm");
  }
  try {
    let key = importedKeys.get(jwk);
    if (key === undefined) {
      key = await importTokenKey(jwk, alg);
      importedKeys.set(jwk, key);
    }
    const end = token.lastIndexOf(".");
    const signature = decodeBase64Url(token.slice(end + 1));
    if (
      signature !== undefined &&
      (await key.verify(platformCrypto.encodeAscii(token.slice(0, end)), signature))
    )
      return;
  } catch (error) {
    throw invalidSignature(error);
  }
  throw invalidSignature(undefined);
}

function invalidSignature(cause: unknown): AAuthError {
  return new AAuthError("invalid_token_signature", "the token's signature does not verify", { cause });
}

function headerOf(part: string): Members {
  let header = headers.get(part);
  if (header === undefined) {
    header = deepFreeze(jsonObject(part, "header"));
    if (part.length <= MAX_KEPT_HEADER_CHARACTERS) headers.set(part, header);
  }
  return header;
}

function jsonObject(part: string, name: string): Members {
  const bytes = decodeBase64Url(part);
  if (bytes === undefined) throw malformed(`the ${name} is not base64url`);
  const value = parseJsonObject(textOf(bytes, name));
  if (value === undefined) throw malformed(`the ${name} is not a JSON object with each name once`);
  return value;
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed(`the ${name} is not UTF-8`);
  }
}

function malformed(reason: string): AAuthError {
  return new AAuthError("malformed_token", reason);
}
