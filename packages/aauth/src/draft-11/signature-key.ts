/**
 * The three fields of a signed message (draft -11, section 11.3; signature-key -09, section 3):
 * dictionaries whose members are matched by label. A message may have several signatures; one is
 * verified.
 *
 * @module
 */

import { encodeBase64 } from "../base64.ts";
import { AAuthVerificationError } from "../errors.ts";
import { LABEL_PATTERN, requireBoundedHeader, trimField } from "../http-signatures/field.ts";
import { parseStandardSignature, type SignatureValue } from "../http-signatures/signature.ts";
import {
  parseSignatureInput as parseInputMember,
  type SignatureInput,
} from "../http-signatures/signature-input.ts";
import {
  formatString,
  parseDictionary,
  splitTopLevel,
  stringParameter,
  TOKEN,
} from "../http-signatures/structured-fields.ts";
import type { KeyClaim, SignatureKeyScheme } from "../profile/messages.ts";
import type { SigningKey } from "../types.ts";
import { LABEL } from "./names.ts";

/**
 * Parsed `Signature-Key`: the key that the caller claims to have signed with, unproven until the
 * signature is verified.
 */
export type SignatureKey = JwtSignatureKey | JwksUriSignatureKey;

/** The confirmation key of the token. All messages of agents use this scheme. */
export interface JwtSignatureKey extends KeyClaim {
  readonly scheme: "jwt";
  /** Compact JWS. Never log it. */
  readonly jwt: string;
}

/** A key in the key set of the server `id`, for messages that a server sends in its own name. */
export interface JwksUriSignatureKey extends KeyClaim {
  readonly scheme: "jwks_uri";
  /** Identifier of the server, unchecked. */
  readonly id: string;
  /** Name of its metadata document, for example `aauth-person.json`, unchecked. */
  readonly dwk: string;
  readonly kid: string;
}

const CODE = "malformed_signature_key";
/** Fast path for the usual form, one member of scheme `jwt`. No nested quantifiers. */
const COMMON = new RegExp(`^(${LABEL_PATTERN})=jwt; *jwt="([\\x21\\x23-\\x5b\\x5d-\\x7e]+)"$`);
const PARENTHESISED = new RegExp(`^${LABEL_PATTERN}=\\(scheme=`);
const SHAPE = new RegExp(`^[ \\t]*${LABEL_PATTERN}=[A-Za-z*]`);

/** True if the first member is a token, as in this dialect. */
export const hasTokenMember = (value: string): boolean => SHAPE.test(value);

/**
 * Parses `Signature-Key`: a dictionary of RFC 9651 whose values are scheme tokens. Only the member
 * of the signature to verify is used; the others must be well formed and are ignored, as are
 * unknown parameters.
 *
 * @param label label of the signature to verify; default: that of the only member, or else `sig`
 * @throws {AAuthVerificationError} `malformed_signature_key`: invalid syntax, a repeated member or
 *   parameter, or a parameter that is missing or not a string; `label_mismatch` if no member has
 *   the label; `header_too_large`
 *
 * Does NOT decode, fetch or check the key. For a scheme other than `jwt` and `jwks_uri` only its
 * name is returned, for a verifier to refuse.
 *
 * @example
 * parseSignatureKey('sig=jwks_uri;id="https://ps.example";dwk="aauth-person.json";kid="ps-1"');
 */
export function parseSignatureKey(value: string, label?: string): SignatureKey | KeyClaim {
  requireBoundedHeader("Signature-Key", value);
  const text = trimField(value);
  const common = COMMON.exec(text);
  if (common !== null && (label === undefined || label === common[1])) {
    return { label: common[1]!, scheme: "jwt", jwt: common[2]! };
  }
  if (PARENTHESISED.test(text)) fail("expected label=scheme;…, found label=(…), the form of another dialect");
  const members = parseDictionary(text, CODE);
  if (members.size === 0) fail("the dictionary is empty");
  const [only] = members.size === 1 ? members.keys() : [LABEL];
  const wanted = label ?? only!;
  const member = members.get(wanted);
  if (member === undefined) {
    throw new AAuthVerificationError(
      "label_mismatch",
      "Signature-Key has no member for the signature's label",
      {
        expected: wanted,
      },
    );
  }
  const { text: scheme, parameters } = member;
  if (!TOKEN.test(scheme)) fail("the scheme is not a token");
  const required = (name: string): string =>
    stringParameter(parameters, name, CODE) ?? fail(`scheme ${scheme} needs "${name}"`);
  switch (scheme) {
    case "jwt":
      return { label: wanted, scheme, jwt: required("jwt") };
    case "jwks_uri":
      return { label: wanted, scheme, id: required("id"), dwk: required("dwk"), kid: required("kid") };
    default:
      return { label: wanted, scheme };
  }
}

/**
 * Writes `Signature-Key` with one member.
 *
 * @throws {AAuthVerificationError} `malformed_signature_key` for a value that is empty or not
 * printable ASCII; `header_too_large`
 */
export function formatSignatureKey(key: SignatureKey): string {
  if (!LABELS.test(key.label)) fail("the label is not a key of RFC 9651");
  const parameters = key.scheme === "jwt" ? { jwt: key.jwt } : { id: key.id, dwk: key.dwk, kid: key.kid };
  const written = Object.entries(parameters).map(([name, text]) => {
    if (text === "") fail(`"${name}" is empty`);
    return `;${name}=${formatString(text, CODE)}`;
  });
  const value = `${key.label}=${key.scheme}${written.join("")}`;
  requireBoundedHeader("Signature-Key", value);
  return value;
}

const LABELS = new RegExp(`^${LABEL_PATTERN}$`);

/** Writes `Signature-Key` for a credential. */
export function signatureKeyFor(credential: SignatureKeyScheme, key: SigningKey): string {
  switch (credential.scheme) {
    case "jwt":
      return formatSignatureKey({ label: LABEL, scheme: "jwt", jwt: credential.jwt });
    case "jwks_uri": {
      const { id, document: dwk } = credential;
      return formatSignatureKey({ label: LABEL, scheme: "jwks_uri", id, dwk, kid: key.kid });
    }
    default:
      return fail(`scheme ${credential.scheme} is not supported in this profile`);
  }
}

/**
 * Parses `Signature-Input`. With several members, the signature labelled `sig` is verified.
 *
 * @throws {AAuthVerificationError} `malformed_signature_input`, `header_too_large`
 */
export function parseSignatureInput(value: string): SignatureInput {
  return parseInputMember(memberOf(value, LABEL, "malformed_signature_input", "Signature-Input"));
}

/**
 * Parses the member of `Signature` with a label: standard base64 with padding.
 *
 * @param label default: that of the only member, or else `sig`
 * @throws {AAuthVerificationError} `malformed_signature`, also for base64url or missing padding;
 *   `header_too_large`
 */
export function parseSignature(value: string, label: string = LABEL): SignatureValue {
  return parseStandardSignature(memberOf(value, label, "malformed_signature", "Signature"));
}

/** Writes `Signature`. */
export const formatSignature = (signature: Uint8Array, label: string = LABEL): string =>
  `${label}=:${encodeBase64(signature)}:`;

/** The only member of a field, or the labelled one of several. */
function memberOf(
  value: string,
  label: string,
  code: "malformed_signature_input" | "malformed_signature",
  field: string,
): string {
  requireBoundedHeader(field, value);
  if (!value.includes(",")) return value;
  const members = splitTopLevel(trimField(value), ",").map(trimField);
  if (members.length === 1) return value;
  // One malformed member makes the whole dictionary invalid (RFC 9651 section 4.2).
  const labels = [...parseDictionary(trimField(value), code).keys()]; // hole S32a
  const member = members[labels.indexOf(label)];
  if (member !== undefined) return member;
  throw new AAuthVerificationError(code, `${field} has several members, and none is labelled ${label}`);
}

function fail(reason: string): never {
  throw new AAuthVerificationError(CODE, `Signature-Key: ${reason}`);
}
