import { createHmac } from "node:crypto";
import { hasSigned, type Jwk, type KeyPair, signBytes } from "./keys.ts";

/** A compact JWS whose payload is a JSON object. */
export interface Jwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signed: string;
  readonly signature: Uint8Array;
}

/** A token that is not a compact JWS of JSON objects. */
export class TokenError extends Error {
  override readonly name = "TokenError";
}

const PART = /^[A-Za-z0-9_-]*$/;

/** @throws TokenError */
export function decodeJwt(token: string): Jwt {
  const parts = token.split(".");
  if (parts.length !== 3 || !parts.every((part) => PART.test(part)))
    throw new TokenError("it is no compact JWS");
  const [header = "", payload = "", signature = ""] = parts;
  return {
    header: objectOf(header),
    claims: objectOf(payload),
    signed: `${header}.${payload}`,
    signature: new Uint8Array(Buffer.from(signature, "base64url")),
  };
}

function objectOf(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // The error below says the same.
  }
  throw new TokenError("a part of it is no JSON object");
}

/**
 * Whether one of the keys, the one that `kid` names, has signed the token.
 *
 * @throws TypeError for a key or algorithm that is not allowed
 */
export function jwtHolds({ header, signed, signature }: Jwt, keys: readonly Jwk[]): boolean {
  const key = keys.find(({ kid }) => kid === header.kid);
  if (key === undefined) return false;
  return hasSigned(key, Buffer.from(signed), signature, header.alg);
}

/** Signs a token. `header.alg` is written as given, and may be wrong on purpose. */
export function signJwt(header: object, claims: object, key: KeyPair): string {
  const signed = [header, claims].map((part) => encode(JSON.stringify(part))).join(".");
  const { alg } = header as { alg?: unknown };
  if (alg === "none") return `${signed}.`;
  if (alg === "HS256")
    return `${signed}.${createHmac("sha256", String(key.publicJwk.x)).update(signed).digest("base64url")}`;
  return `${signed}.${Buffer.from(signBytes(key, Buffer.from(signed))).toString("base64url")}`;
}

const encode = (text: string) => Buffer.from(text).toString("base64url");
