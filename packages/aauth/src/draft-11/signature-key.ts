/**
 * The three fields of a signed message (draft -11, section 11.3; signature-key -09, section 3):
 * dictionaries whose members belong together by their label. A message may have several signatures;
 * one is verified.
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
 * `Signature-Key`, parsed: which key the caller says it signed with. A claim until the signature is
 * verified.
 */
export type SignatureKey = JwtSignatureKey | JwksUriSignatureKey;

/** The key is the confirmation key of the token: every message of an agent. */
export interface JwtSignatureKey extends KeyClaim {
  readonly scheme: "jwt";
  /** Compact JWS. Never log it. */
  readonly jwt: string;
}

/** The key is in the key set of the server `id`: messages that a server sends in its own name. */
export interface JwksUriSignatureKey extends KeyClaim {
  readonly scheme: "jwks_uri";
  /** Identifier of the server; not yet judged. */
  readonly id: string;
  /** Name of its metadata document, for example `aauth-person.json`; not yet judged. */
  readonly dwk: string;
  readonly kid: string;
}

const CODE = "malformed_signature_key";
/** What nearly every message has: one member of scheme jwt. No nested repetition. */
const COMMON = new RegExp(`^(${LABEL_PATTERN})=jwt; *jwt="([\\x21\\x23-\\x5b\\x5d-\\x7e]+)"$`);
const PARENTHESISED = new RegExp(`^${LABEL_PATTERN}=\\(scheme=`);
const SHAPE = new RegExp(`^[ \\t]*${LABEL_PATTERN}=[A-Za-z*]`);

/** True for a value of this grammar's shape: the first member is a token. */
export const hasTokenMember = (value: string): boolean => SHAPE.test(value);

/**
 * Parses `Signature-Key`: a dictionary of RFC 9651 whose members are tokens, the schemes. One of
 * several members counts, that of the signature to verify; the others have to be well formed and
 * are ignored. Parameters that the scheme does not have are ignored.
 *
 * @param label of the signature to verify; default `sig`, or that of the only member
 * @throws {AAuthVerificationError} `malformed_signature_key`: another grammar, a member or
 *   parameter that appears twice, a parameter that is missing or not a string; `label_mismatch`
 *   where no member has the label; `header_too_large`
 *
 * Does NOT fetch, decode or judge what it names. A scheme other than jwt and jwks_uri comes back by
 * its name alone, for a verifier to refuse.
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
  if (PARENTHESISED.test(text)) fail("it is label=(…), the form of another dialect, and not label=scheme;…");
  const members = parseDictionary(text, CODE);
  if (members.size === 0) fail("there is no member");
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

/** What an agent or a server writes for a credential. */
export function signatureKeyFor(credential: SignatureKeyScheme, key: SigningKey): string {
  switch (credential.scheme) {
    case "jwt":
      return formatSignatureKey({ label: LABEL, scheme: "jwt", jwt: credential.jwt });
    case "jwks_uri": {
      const { id, document: dwk } = credential;
      return formatSignatureKey({ label: LABEL, scheme: "jwks_uri", id, dwk, kid: key.kid });
    }
    default:
      return fail(`scheme ${credential.scheme} is not one of this profile`);
  }
}

/**
 * Parses `Signature-Input`. Of several members the one labelled `sig` is the signature to verify.
 *
 * @throws {AAuthVerificationError} `malformed_signature_input`, `header_too_large`
 */
export function parseSignatureInput(value: string): SignatureInput {
  return parseInputMember(memberOf(value, LABEL, "malformed_signature_input", "Signature-Input"));
}

/**
 * Parses the member of `Signature` with a label: standard base64 with padding.
 *
 * @param label default: `sig`, or that of the only member
 * @throws {AAuthVerificationError} `malformed_signature`, also for base64url or missing padding;
 *   `header_too_large`
 */
export function parseSignature(value: string, label: string = LABEL): SignatureValue {
  return parseStandardSignature(memberOf(value, label, "malformed_signature", "Signature"));
}

/** Writes `Signature`. */
export const formatSignature = (signature: Uint8Array, label: string = LABEL): string =>
  `${label}=:${encodeBase64(signature)}:`;

/** The text of the only member, or of the labelled one among several. */
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
  // A field with one malformed member is no dictionary (RFC 9651 section 4.2).
  const labels = [...parseDictionary(trimField(value), code).keys()]; // hole S32a
  const member = members[labels.indexOf(label)];
  if (member !== undefined) return member;
  throw new AAuthVerificationError(code, `${field} has several members, and none is labelled ${label}`);
}

function fail(reason: string): never {
  throw new AAuthVerificationError(CODE, `Signature-Key: ${reason}`);
}
