/**
 * Compact JWS: parsed strictly here, verified by `jose` (docs/decisions/0002). A token that the
 * parser refuses never reaches the library.
 *
 * @module
 */

import { compactVerify } from "jose";
import { platformCrypto } from "#crypto";
import { decodeBase64Url, encodeBase64Url } from "../base64.ts";
import { AAuthVerificationError } from "../errors.ts";
import { deepFreeze } from "../store/deep-freeze.ts";
import type { IssuerJwk, TokenAlgorithm } from "../types.ts";
import { parseJsonObject } from "./json-object.ts";
import { tokenKey } from "./token-key.ts";

type Members = Readonly<Record<string, unknown>>;

/** A decoded token. Nothing in it has been verified. */
export interface DecodedToken {
  /** The JOSE header. */
  readonly header: Members;
  /** The payload. */
  readonly claims: Members;
}

/** The limit of a header field, in which a token is sent. */
const MAX_TOKEN_CHARACTERS = 16_384;

/** Keeps a byte order mark, which is not JSON. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Decodes a compact JWS.
 *
 * @throws AAuthError `malformed_token` unless it is three parts of canonical base64url, the first
 *   two of them JSON objects without duplicate names; also for more than 16 KiB and for critical
 *   extensions.
 */
export function decodeJwt(token: string): DecodedToken {
  if (token.length > MAX_TOKEN_CHARACTERS)
    throw malformed(`the token is longer than ${MAX_TOKEN_CHARACTERS} characters`);
  const parts = token.split(".");
  if (parts.length !== 3) throw malformed("the token is not a compact JWS");
  const [header = "", claims = "", signature = ""] = parts;
  if (signature === "" || decodeBase64Url(signature) === undefined)
    throw malformed("the signature is not base64url");
  const decoded = { header: jsonObject(header, "header"), claims: jsonObject(claims, "payload") };
  // No extension is understood here, and one marked critical must not be ignored (RFC 7515 section
  // 4.1.11).
  if ("crit" in decoded.header) throw malformed("the token has critical extensions");
  // An unencoded payload (RFC 7797) is such an extension, marked or not.
  if ("b64" in decoded.header && decoded.header.b64 !== true)
    throw malformed("unencoded payloads are not supported");
  return decoded;
}

/** Writes a compact JWS. Members keep their order, on which some peers and test vectors depend. */
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
 * @param named description of the key for the error message
 * @throws AAuthError `invalid_token_signature`, also when the key is not one for `alg`.
 *
 * Does NOT check any claim.
 */
export async function verifyJwt(
  token: string,
  jwk: IssuerJwk,
  alg: TokenAlgorithm,
  named: string,
): Promise<void> {
  try {
    await compactVerify(token, await tokenKey(jwk, alg), { algorithms: [alg] });
  } catch (cause) {
    const reason = `a token's signature does not verify with ${named}: another key signed it`;
    throw new AAuthVerificationError("invalid_token_signature", reason, { cause });
  }
}

function jsonObject(part: string, name: string): Members {
  const bytes = decodeBase64Url(part);
  if (bytes === undefined) throw malformed(`the ${name} is not base64url`);
  const value = parseJsonObject(textOf(bytes, name));
  if (value === undefined) throw malformed(`the ${name} is not a JSON object, or repeats a name`);
  return deepFreeze(value);
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed(`the ${name} is not UTF-8`);
  }
}

function malformed(reason: string): AAuthVerificationError {
  return new AAuthVerificationError("malformed_token", reason);
}
