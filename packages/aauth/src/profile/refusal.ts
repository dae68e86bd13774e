/**
 * A refusal as data in one header, so that it survives gateways that pass on only status and
 * headers.
 *
 * @module
 */

import {
  type AAuthError,
  type AAuthErrorCode,
  type AAuthVerificationError,
  citing,
  ERROR_CODES,
  publicRefusal,
  type Refusal,
} from "../errors.ts";
import { splitTopLevel } from "../http-signatures/structured-fields.ts";
import type { Answer } from "./resource-rules.ts";
import type { CitedProfile } from "./wire-profile.ts";

/**
 * Header that carries a {@link Refusal}. No profile defines it; peers that do not know it ignore
 * it.
 */
export const REFUSAL_FIELD = "aauth-refusal";

/**
 * The part of a verifier's error that its sender may see. Codes with one answer
 * ({@link publicRefusal}) have one section in each dialect.
 */
export function refusalOf(error: AAuthError): Refusal {
  const { check } = error as Partial<AAuthVerificationError>;
  const { code } = publicRefusal(error);
  const isAbsence = code === "insufficient_coverage" || code === "missing_signature";
  const missing = isAbsence ? error.claim : undefined;
  return {
    code,
    ...(check !== undefined && { check }),
    ...(error.section !== undefined && { section: error.section }),
    ...(missing !== undefined && { missing }),
  };
}

/** Adds the refusal header to an answer of the profile, which the error then cites. */
export function withRefusal(answer: Answer, error: AAuthError, { sectionOf }: CitedProfile): Answer {
  citing(error, sectionOf);
  const refusal = { [REFUSAL_FIELD]: formatRefusal(refusalOf(error)) };
  return { ...answer, headers: { ...answer.headers, ...retryAfter(error), ...refusal } };
}

const RETRY_SECONDS = 5;

/** `Retry-After` for a refusal that is not due to the message. */
export const retryAfter = (error: AAuthError): Readonly<Record<string, string>> =>
  error.code === "store_unavailable" ? { "retry-after": String(RETRY_SECONDS) } : {};

/**
 * Writes the header: an RFC 9651 dictionary of tokens and strings.
 *
 * @example
 * formatRefusal(refusalOf(error)); // code=insufficient_coverage, check=coverage, section="profile 2.5", missing="content-digest"
 */
export function formatRefusal({ code, check, section, missing, by }: Refusal): string {
  const parts = [`code=${code}`];
  if (check !== undefined) parts.push(`check=${check}`);
  if (section !== undefined) parts.push(`section="${section}"`);
  if (missing !== undefined) parts.push(`missing="${missing}"`);
  if (by !== undefined) parts.push(`by=${by}`);
  return parts.join(", ");
}

/** Parses the header; undefined unless it has a known code. Unknown members are ignored. */
export function parseRefusal(value: string | null | undefined): Refusal | undefined {
  if (value === null || value === undefined || value.length > MAX_CHARACTERS) return undefined;
  const members = new Map(
    splitTopLevel(value, ",").map((member) => {
      const [, name = "", text = ""] = /^\s*([a-z]+)=(.*?)\s*$/.exec(member) ?? [];
      return [name, text];
    }),
  );
  const code = members.get("code") ?? "";
  if (!Object.hasOwn(ERROR_CODES, code)) return undefined;
  const known = code as AAuthErrorCode;
  const [check, by] = [members.get("check"), members.get("by")].map(nameOf);
  const [section, missing] = [members.get("section"), members.get("missing")].map(stringOf);
  return {
    code: known,
    ...(check !== undefined && { check }),
    ...(section !== undefined && { section }),
    ...(missing !== undefined && { missing }),
    ...(by !== undefined && { by }),
  };
}

const MAX_CHARACTERS = 512;
const stringOf = (text = "") => /^"([\x20\x21\x23-\x5b\x5d-\x7e]*)"$/.exec(text)?.[1];
const nameOf = (text: string | undefined) =>
  text !== undefined && /^[a-z-]+$/.test(text) ? text : undefined;
