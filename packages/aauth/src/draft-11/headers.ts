/**
 * Header fields other than those of the signature: requirements, signature errors, session tokens
 * and capabilities.
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

/** Parsed `AAuth-Requirement` (section 11.6). */
export interface AAuthRequirement {
  /**
   * `agent-token`, `person-token`, `auth-token`, `interaction`, `approval`, `clarification`,
   * `claims`, or an unknown value, which cannot be satisfied.
   */
  readonly requirement: string;
  /** Compact JWS, with `auth-token`. Unverified. */
  readonly resourceToken?: string;
  /** With `interaction`: an `https` address without query, where the person acts. Untrusted. */
  readonly url?: string;
  /** With `interaction`: the code that identifies the request there. */
  readonly code?: string;
}

/**
 * Parses `AAuth-Requirement`: a dictionary with the member `requirement`. Other members and unknown
 * parameters are ignored.
 *
 * @throws {AAuthError} `malformed_challenge`: invalid syntax, no `requirement`, one that is not a
 *   token, a parameter of the wrong type, `auth-token` without `resource-token`, `interaction`
 *   without `url` and `code` or with an address that is not `https` without query;
 *   `header_too_large`
 *
 * Does NOT verify the resource token, or decide whether to follow the address.
 *
 * @example
 * parseRequirement('requirement=auth-token; resource-token="eyJ…"').resourceToken;
 */
export function parseRequirement(value: string): AAuthRequirement {
  requireBoundedHeader("AAuth-Requirement", value);
  const member = parseDictionary(trimField(value), CODE).get("requirement");
  if (member === undefined || !TOKEN.test(member.text))
    return malformed("AAuth-Requirement has no valid member requirement");
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
        return malformed("the interaction url must be https without query and fragment");
      return { requirement, url, code };
    }
    default:
      return { requirement };
  }
}

/**
 * Writes `AAuth-Requirement`.
 *
 * @throws {AAuthError} `malformed_challenge` for a value that {@link parseRequirement} refuses;
 *   `header_too_large`
 */
export function formatRequirement({ requirement, resourceToken, url, code }: AAuthRequirement): string {
  if (!TOKEN.test(requirement)) return malformed("a requirement must be a token");
  const parameter = (name: string, text: string | undefined) =>
    text === undefined ? "" : `; ${name}=${formatString(text, CODE)}`;
  const value = `requirement=${requirement}${parameter("resource-token", resourceToken)}${parameter("url", url)}${parameter("code", code)}`;
  parseRequirement(value);
  return value;
}

// --------------------------------------------------------------------------------- Signature-Error

/** Parsed `Signature-Error` (signature-key -09, section 5). */
export interface SignatureError {
  /** For example `invalid_signature`. The set of codes is open. */
  readonly error: string;
  /** With `invalid_input`: the components that must be covered. */
  readonly requiredInput?: readonly string[];
}

/**
 * Parses `Signature-Error`: a dictionary with the member `error`. Other members are ignored.
 *
 * @throws {AAuthError} `malformed_challenge`: invalid syntax, no `error`, one that is not a token,
 *   `required_input` that is not a list of strings; `header_too_large`
 */
export function parseSignatureError(value: string): SignatureError {
  requireBoundedHeader("Signature-Error", value);
  const members = parseDictionary(trimField(value), CODE);
  const error = members.get("error")?.text ?? "";
  if (!TOKEN.test(error)) return malformed("Signature-Error has no valid member error");
  const input = members.get("required_input");
  return { error, ...(input !== undefined && { requiredInput: parseStringList(input.text, CODE) }) };
}

/**
 * Writes `Signature-Error`.
 *
 * @throws {AAuthError} `malformed_challenge` for a value that cannot be written
 */
export function formatSignatureError({ error, requiredInput }: SignatureError): string {
  if (!TOKEN.test(error)) return malformed("an error must be a token");
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

/** Writes a list of tokens. @throws {AAuthError} `malformed_challenge` for an invalid token */
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
  TOKEN68.test(text) ? text : malformed("the session token is not one token68");

/**
 * The scheme `AAuth` and its credentials, after at least one space (RFC 9110 section 11.4). Without
 * a space only an invalid value matches, so that it is refused.
 */
const SESSION_AUTHORIZATION = /^aauth(?: +|(?![A-Za-z0-9!#$%&'*+.^_`|~-]))(.*)$/is;

/** True for `Authorization: AAuth`, well formed or not. */
export const isSessionAuthorization = (value: string): boolean => SESSION_AUTHORIZATION.test(value);

/**
 * Reads the session token in `Authorization: AAuth …`; undefined for another scheme.
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
