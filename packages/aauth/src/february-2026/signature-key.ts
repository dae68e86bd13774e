import { AAuthVerificationError } from "../errors.ts";
import { LABEL_PATTERN, requireBoundedHeader, trimField } from "../http-signatures/field.ts";
import { PRIVATE_MEMBERS } from "../keys/verification-key.ts";
import type { KeyClaim, SignatureKeyScheme } from "../profile/messages.ts";
import type { Ed25519PublicJwk, SigningKey } from "../types.ts";
import { DOCUMENTS, LABEL } from "./names.ts";

/**
 * Parsed `Signature-Key`: the key that the caller claims to have signed with, unproven until the
 * signature is verified.
 */
export type SignatureKey = HwkSignatureKey | JwksSignatureKey | JwksUriSignatureKey | JwtSignatureKey;

/** The key itself is in the header. */
export interface HwkSignatureKey extends KeyClaim {
  readonly scheme: "hwk";
  readonly jwk: Ed25519PublicJwk;
}

/** The key is in the JWKS named in the metadata of `id` (mode 2). */
export interface JwksSignatureKey extends KeyClaim {
  readonly scheme: "jwks";
  /** Agent identifier, a URL without trailing slash. */
  readonly id: string;
  readonly kid: string;
  /** Name of the metadata document; absent means `aauth-agent`. */
  readonly wellKnown?: string;
}

/** The key is in the JWKS at `jwksUri` (mode 1), which proves no identity. */
export interface JwksUriSignatureKey extends KeyClaim {
  readonly scheme: "jwks";
  readonly jwksUri: string;
  readonly kid: string;
}

/** The key is the confirmation key of the token. */
export interface JwtSignatureKey extends KeyClaim {
  readonly scheme: "jwt";
  /** Compact JWS. Never log it. */
  readonly jwt: string;
}

/*
 * Sticky expressions without nested quantifiers, each for one token, so that the scan is linear. A
 * value has no escapes (profile 1.1), and hence neither quote nor backslash.
 */
const START = new RegExp(`(${LABEL_PATTERN})=\\(scheme=([A-Za-z0-9_-]+)`, "y");
const PAIR = / ([a-z0-9-]+)="([\x20\x21\x23-\x5b\x5d-\x7e]+)"/y;

type Pairs = ReadonlyMap<string, string>;

/** True for a value in this dialect's syntax, `label=(`. */
export const isParenthesised = (value: string): boolean => OPENING.test(value);
const OPENING = new RegExp(`^[ \\t]*${LABEL_PATTERN}=\\(`);

/**
 * Parses `Signature-Key`. Its grammar is not RFC 8941 (profile 1.1): one member
 * `label=(scheme=… name="…")`, `scheme` first and bare, single spaces, no escapes.
 *
 * @throws {AAuthVerificationError} `malformed_signature_key` for a second member, a duplicate,
 *   missing or empty parameter, or any other deviation; `unsupported_scheme` for a scheme other
 *   than hwk, jwks and jwt; `unsupported_key` for a header key that is not Ed25519 or has private
 *   members; `header_too_large`
 *
 * Does NOT decode, fetch or check the key.
 *
 * @example
 * parseSignatureKey('sig1=(scheme=jwks id="https://agent.example" kid="key-1")');
 */
export function parseSignatureKey(value: string): SignatureKey {
  requireBoundedHeader("Signature-Key", value);
  return interpret(...scan(trimField(value)));
}

/** The label, the scheme and the pairs. */
function scan(text: string): [string, string, Pairs] {
  START.lastIndex = 0;
  const head = START.exec(text) ?? fail("does not start with label=(scheme=…");
  let position = head[0].length;
  const pairs = new Map<string, string>();
  while (position < text.length - 1) {
    PAIR.lastIndex = position;
    const match = PAIR.exec(text) ?? fail("a parameter is malformed or empty");
    const name = match[1]!;
    if (pairs.has(name)) fail("a parameter appears twice"); // hole P6
    pairs.set(name, match[2]!);
    position += match[0].length;
  }
  if (text.slice(position) !== ")") fail("the header continues after the first member");
  return [head[1]!, head[2]!, pairs];
}

function interpret(label: string, scheme: string, pairs: Pairs): SignatureKey {
  const required = (name: string): string => pairs.get(name) ?? fail(`scheme ${scheme} needs "${name}"`);
  if (pairs.has("scheme")) fail("a parameter appears twice");
  switch (scheme) {
    case "hwk":
      return { label, scheme, jwk: headerKey(pairs, required) };
    case "jwks": {
      const kid = required("kid");
      const jwksUri = pairs.get("jwks");
      const wellKnown = pairs.get("well-known");
      if (jwksUri !== undefined) {
        if (pairs.has("id") || wellKnown !== undefined) fail('"jwks" excludes "id" and "well-known"');
        return { label, scheme, jwksUri, kid };
      }
      const id = required("id");
      return wellKnown === undefined ? { label, scheme, id, kid } : { label, scheme, id, kid, wellKnown };
    }
    case "jwt":
      return { label, scheme, jwt: required("jwt") };
    default:
      // hole J18: return { label, scheme: "jwks", id: new URL(required("x5u")).origin, kid: "k" };
      throw new AAuthVerificationError(
        "unsupported_scheme",
        "the Signature-Key scheme is not hwk, jwks or jwt",
      );
  }
}

function headerKey(pairs: Pairs, required: (name: string) => string): Ed25519PublicJwk {
  for (const member of PRIVATE_MEMBERS) {
    if (pairs.has(member)) {
      throw new AAuthVerificationError(
        "unsupported_key",
        "Signature-Key carries members of a private or symmetric key",
      );
    }
  }
  if (required("kty") !== "OKP" || required("crv") !== "Ed25519") {
    throw new AAuthVerificationError("unsupported_key", "only Ed25519 keys are supported");
  }
  return { kty: "OKP", crv: "Ed25519", x: required("x") };
}

/**
 * Writes `Signature-Key` with the parameter order that every deployed verifier accepts (profile
 * 1.2).
 *
 * @throws {AAuthVerificationError} `malformed_signature_key` for a value that is empty or has a
 *   character outside the grammar; `header_too_large`
 *
 * @example
 * formatSignatureKey({ label: "sig1", scheme: "jwt", jwt });
 */
export function formatSignatureKey(key: SignatureKey): string {
  if (!LABELS.test(key.label)) fail("the label is not a key of RFC 8941");
  const value = `${key.label}=(scheme=${key.scheme} ${formatPairs(key)})`;
  requireBoundedHeader("Signature-Key", value);
  return value;
}

const LABELS = new RegExp(`^${LABEL_PATTERN}$`);

/**
 * Writes `Signature-Key` for a credential.
 *
 * @param namesDocument whether scheme jwks names the metadata document, which agents of the
 * published demo do not
 */
export function signatureKeyFor(
  credential: SignatureKeyScheme,
  key: SigningKey,
  namesDocument: boolean,
): string {
  const label = LABEL;
  switch (credential.scheme) {
    case "hwk":
      if (key.publicJwk.kty !== "OKP") return fail("scheme hwk supports only Ed25519 keys");
      return formatSignatureKey({ label, scheme: "hwk", jwk: key.publicJwk });
    case "jwks": {
      const named = { label, scheme: "jwks", id: credential.id, kid: key.kid } as const;
      return formatSignatureKey(namesDocument ? { ...named, wellKnown: DOCUMENTS.agent } : named);
    }
    case "jwt":
      return formatSignatureKey({ label, scheme: "jwt", jwt: credential.jwt });
    default:
      return fail(`scheme ${credential.scheme} is not supported in this profile`);
  }
}

function formatPairs(key: SignatureKey): string {
  if (key.scheme === "jwt") return `jwt=${quoted(key.jwt)}`;
  if (key.scheme === "hwk") {
    return `kty=${quoted(key.jwk.kty)} crv=${quoted(key.jwk.crv)} x=${quoted(key.jwk.x)}`;
  }
  if ("jwksUri" in key) return `jwks=${quoted(key.jwksUri)} kid=${quoted(key.kid)}`;
  const named = `id=${quoted(key.id)} kid=${quoted(key.kid)}`;
  return key.wellKnown === undefined ? named : `${named} well-known=${quoted(key.wellKnown)}`;
}

const VALUE = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;
const quoted = (value: string): string =>
  VALUE.test(value) ? `"${value}"` : fail("a value is empty or has a character that cannot be written");

function fail(reason: string): never {
  throw new AAuthVerificationError("malformed_signature_key", `Signature-Key: ${reason}`);
}
