/**
 * The fields beside those of the signature: what a response demands, why a signature was refused,
 * session tokens, capabilities.
 *
 * @module
 */

import { type AAuthErrorCode, AAuthVerificationError } from "../errors.ts";
import { requireBoundedHeader, trimField } from "../http-signatures/field.ts";
import {
  formatString,
  formatStringList,
  parseDictionary,
  parseStringList,
  splitTopLevel,
  stringParameter,
  TOKEN,
} from "../http-signatures/structured-fields.ts";
import { isEndpointUrl } from "./identifiers.ts";

const CODE: AAuthErrorCode = "malformed_challenge";

// ------------------------------------------------------------------------------- AAuth-Requirement

/** `AAuth-Requirement`, parsed (section 11.6). */
export interface AAuthRequirement {
  /**
   * `agent-token`, `person-token`, `auth-token`, `interaction`, `approval`, `clarification`,
   * `claims`, or a value that is not known here and cannot be satisfied.
   */
  readonly requirement: string;
  /** Compact JWS, with `auth-token`. Not yet checked. */
  readonly resourceToken?: string;
  /** With `interaction`: an `https` address without query, where a person acts. Not yet trusted. */
  readonly url?: string;
  /** With `interaction`: what names the request there. */
  readonly code?: string;
}

/**
 * Parses `AAuth-Requirement`: a dictionary with the member `requirement`. Other members and unknown
 * parameters are ignored.
 *
 * @throws {AAuthError} `malformed_challenge`: another grammar, no `requirement`, one that is not a
 *   token, a parameter of the wrong type, `auth-token` without `resource-token`, `interaction`
 *   without `url` and `code` or with an address that is not `https` without query;
 *   `header_too_large`
 *
 * Does NOT judge the resource token or whether the address is to be followed.
 *
 * @example
 * parseRequirement('requirement=auth-token; resource-token="eyJ…"').resourceToken;
 */
export function parseRequirement(value: string): AAuthRequirement {
  requireBoundedHeader("AAuth-Requirement", value);
  const member = parseDictionary(trimField(value), CODE).get("requirement");
  if (member === undefined || !TOKEN.test(member.text))
    return malformed("AAuth-Requirement names no requirement");
  const requirement = member.text;
  const text = (name: string) => stringParameter(member.parameters, name, CODE);
  switch (requirement) {
    case "auth-token": {
      const resourceToken = text("resource-token");
      return resourceToken === undefined
        ? malformed("requirement auth-token needs a resource-token")
        : { requirement, resourceToken };
    }
    case "interaction": {
      const [url, code] = [text("url"), text("code")];
      if (url === undefined || code === undefined)
        return malformed("requirement interaction needs url and code");
      if (!isEndpointUrl(url))
        return malformed("the url of an interaction is not https without query and fragment");
      return { requirement, url, code };
    }
    default:
      return { requirement };
  }
}

/**
 * Writes `AAuth-Requirement`.
 *
 * @throws {AAuthError} `malformed_challenge` for what {@link parseRequirement} would refuse;
 * `header_too_large`
 */
export function formatRequirement({ requirement, resourceToken, url, code }: AAuthRequirement): string {
  if (!TOKEN.test(requirement)) return malformed("a requirement is a token");
  const parameter = (name: string, text: string | undefined) =>
    text === undefined ? "" : `; ${name}=${formatString(text, CODE)}`;
  const value = `requirement=${requirement}${parameter("resource-token", resourceToken)}${parameter("url", url)}${parameter("code", code)}`;
  parseRequirement(value);
  return value;
}

// --------------------------------------------------------------------------------- Signature-Error

/** `Signature-Error`, parsed (signature-key -09, section 5). */
export interface SignatureError {
  /** For example `invalid_signature`; new codes may come. */
  readonly error: string;
  /** With `invalid_input`: the components that have to be covered. */
  readonly requiredInput?: readonly string[];
}

/**
 * Parses `Signature-Error`: a dictionary with the member `error`. Other members are ignored.
 *
 * @throws {AAuthError} `malformed_challenge`: another grammar, no `error`, one that is not a token,
 *   `required_input` that is not a list of strings; `header_too_large`
 */
export function parseSignatureError(value: string): SignatureError {
  requireBoundedHeader("Signature-Error", value);
  const members = parseDictionary(trimField(value), CODE);
  const error = members.get("error")?.text ?? "";
  if (!TOKEN.test(error)) return malformed("Signature-Error names no error");
  const input = members.get("required_input");
  return { error, ...(input !== undefined && { requiredInput: parseStringList(input.text, CODE) }) };
}

/**
 * Writes `Signature-Error`.
 *
 * @throws {AAuthError} `malformed_challenge` for a value that cannot be written
 */
export function formatSignatureError({ error, requiredInput }: SignatureError): string {
  if (!TOKEN.test(error)) return malformed("an error is a token");
  if (requiredInput === undefined) return `error=${error}`;
  return `error=${error}, required_input=${formatStringList(requiredInput, CODE)}`;
}

// --------------------------------------------------------------------------------- lists of tokens

/**
 * Parses `Accept-Signature-Scheme`, `Accept-Signature-Alg` or `AAuth-Capabilities`: a list of
 * tokens. Parameters of a member are ignored.
 *
 * @throws {AAuthError} `malformed_challenge` for anything else; `header_too_large`
 *
 * @example
 * parseTokenList("Ed25519, ES256"); // ["Ed25519", "ES256"]
 */
export function parseTokenList(value: string): readonly string[] {
  requireBoundedHeader("a list of tokens", value);
  const text = trimField(value);
  if (text === "") return [];
  return splitTopLevel(text, ",").map((piece) => {
    const [token = "", ...parameters] = splitTopLevel(trimField(piece), ";");
    if (!TOKEN.test(token)) return malformed("a member of the list is not a token");
    parseDictionary(["m", ...parameters].join(";"), CODE);
    return token;
  });
}

/** Writes a list of tokens. @throws {AAuthError} `malformed_challenge` for what is not one */
export function formatTokenList(tokens: readonly string[]): string {
  for (const token of tokens) if (!TOKEN.test(token)) malformed("a member of the list is not a token");
  return tokens.join(", ");
}

// ------------------------------------------------------------------------------------ AAuth-Access

/** token68 (RFC 9110 section 11.2). */
const TOKEN68 = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * Reads the session token of `AAuth-Access` (section 6.3).
 *
 * @throws {AAuthError} `malformed_challenge` for anything but one token68; `header_too_large`
 */
export function parseAccess(value: string): string {
  requireBoundedHeader("AAuth-Access", value);
  return requireToken68(trimField(value));
}

const requireToken68 = (text: string): string =>
  TOKEN68.test(text) ? text : malformed("a session token is not one token68");

/**
 * The scheme, and what follows it: after one space or more (RFC 9110 section 11.4), or without,
 * where nothing may be.
 */
const SESSION_AUTHORIZATION = /^aauth(?: +|(?![A-Za-z0-9!#$%&'*+.^_`|~-]))(.*)$/is;

/** True for `Authorization: AAuth`, well formed or not. */
export const isSessionAuthorization = (value: string): boolean => SESSION_AUTHORIZATION.test(value);

/**
 * The session token in `Authorization: AAuth …`; undefined for another scheme.
 *
 * @throws {AAuthError} as {@link parseAccess}
 */
export function parseSessionAuthorization(value: string): string | undefined {
  const match = SESSION_AUTHORIZATION.exec(trimField(value));
  if (match === null) return undefined;
  requireBoundedHeader("Authorization", value);
  return requireToken68(match[1]!); // hole S32b
}

function malformed(reason: string): never {
  throw new AAuthVerificationError(CODE, reason);
}
