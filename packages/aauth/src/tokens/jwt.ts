/**
 * Compact JWS: taken apart, put together, and verified. The only door to `jose`.
 *
 * @module
 */

import { compactVerify, importJWK } from "jose";
import { decodeBase64Url, encodeBase64Url } from "../base64.ts";
import { AAuthError } from "../errors.ts";
import { PROFILE } from "../profile.ts";
import type { IssuerJwk } from "../types.ts";

/** JOSE algorithms of tokens. `EdDSA` means Ed25519 here. */
export type TokenAlgorithm = (typeof PROFILE.tokenAlgorithms)[number];

type Members = Readonly<Record<string, unknown>>;
type JoseKey = Awaited<ReturnType<typeof importJWK>>;

/** A token taken apart. Nothing in it has been verified. */
export interface DecodedToken {
  readonly header: Members;
  readonly claims: Members;
}

const KEY_TYPES: Readonly<Record<TokenAlgorithm, string>> = { RS256: "RSA", ES256: "EC", EdDSA: "OKP" };

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Imported keys by the object discovery keeps, so that both are forgotten together. */
const importedKeys = new WeakMap<IssuerJwk, Promise<JoseKey>>();

/**
 * Takes a compact JWS apart.
 *
 * @throws AAuthError `malformed_token` unless it is three parts of canonical base64url whose first two are JSON
 * objects, or when it is larger than 16 KiB or has critical extensions.
 */
export function decodeJwt(token: string): DecodedToken {
  if (token.length > PROFILE.maxHeaderBytes) throw malformed("the token is too large");
  const parts = token.split(".");
  if (parts.length !== 3) throw malformed("the token is not a compact JWS");
  const [header = "", claims = "", signature = ""] = parts;
  if (signature === "" || decodeBase64Url(signature) === undefined)
    throw malformed("the signature is not base64url");
  const decoded = { header: jsonObject(header, "header"), claims: jsonObject(claims, "payload") };
  // No extension is understood here, and one marked critical must not be ignored (RFC 7515 section 4.1.11).
  if ("crit" in decoded.header) throw malformed("the token has critical extensions");
  return decoded;
}

/**
 * The `typ` of a token, without taking the rest of it apart: what decides who reads it.
 *
 * @throws AAuthError `malformed_token`.
 */
export function tokenType(token: string): unknown {
  if (token.length > PROFILE.maxHeaderBytes) throw malformed("the token is too large");
  return jsonObject(token.slice(0, Math.max(0, token.indexOf("."))), "header").typ;
}

/** Puts a compact JWS together. The bytes follow the order of the members given: some peers and test vectors care. */
export async function signJwt(
  header: object,
  claims: object,
  sign: (data: Uint8Array) => Uint8Array | Promise<Uint8Array>,
): Promise<string> {
  const encoder = new TextEncoder();
  const encode = (part: object) => encodeBase64Url(encoder.encode(JSON.stringify(part)));
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${encodeBase64Url(await sign(encoder.encode(input)))}`;
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
      key = importJWK(jwk, alg);
      importedKeys.set(jwk, key);
    }
    await compactVerify(token, await key, { algorithms: [alg] });
  } catch (error) {
    throw new AAuthError("invalid_token_signature", "the token's signature does not verify", {
      cause: error,
    });
  }
}

function isKeyFor(jwk: IssuerJwk, alg: TokenAlgorithm): boolean {
  if (jwk.kty !== KEY_TYPES[alg] || (jwk.use !== undefined && jwk.use !== "sig")) return false;
  if (alg === "EdDSA" && jwk.crv !== "Ed25519") return false;
  const named = alg === "EdDSA" && jwk.alg === "Ed25519" ? "EdDSA" : jwk.alg; // RFC 9864 renames it
  return named === undefined || named === alg;
}

function jsonObject(part: string, name: string): Members {
  const bytes = decodeBase64Url(part);
  if (bytes === undefined) throw malformed(`the ${name} is not base64url`);
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw malformed(`the ${name} is not JSON`); // no cause: the parser's message quotes the token
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed(`the ${name} is not a JSON object`);
  }
  return value as Members;
}

function malformed(reason: string): AAuthError {
  return new AAuthError("malformed_token", reason);
}
