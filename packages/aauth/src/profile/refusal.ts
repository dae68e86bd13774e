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
  ERROR_CODES,
  publicRefusal,
  type Refusal,
} from "../errors.ts";
import type { VerificationReport } from "../http-signatures/report.ts";
import { splitTopLevel } from "../http-signatures/structured-fields.ts";
import type { Answer } from "./resource-rules.ts";

/**
 * Header that carries a {@link Refusal}. No profile defines it; peers that do not know it ignore
 * it.
 */
export const REFUSAL_FIELD = "aauth-refusal";

/** The part of a verifier's error that its sender may see. */
export function refusalOf(error: AAuthError): Refusal {
  const { check, report } = error as Partial<AAuthVerificationError>;
  const { code } = publicRefusal(error);
  const missing = code === "insufficient_coverage" ? error.claim : undefined;
  return {
    code,
    ...(check !== undefined && { check }),
    section: sectionOf(code === error.code ? error.section : ERROR_CODES[code].section, report),
    ...(missing !== undefined && { missing }),
  };
}

/**
 * Section of an error. For a code that dialects share, the section of the failed check takes
 * precedence if it is in the dialect's own text.
 */
function sectionOf(section: string, report: VerificationReport | undefined): string {
  const demanding = report?.checks.find(({ verdict }) => verdict === "failed")?.section;
  if (demanding === undefined || demanding.startsWith(SHARED) || !section.startsWith(SHARED)) return section;
  return demanding;
}

/** Prefix of a code's own section, if no RFC requires it (docs/reference/errors.md). */
const SHARED = "profile ";

/** Adds the refusal header to an answer of the profile. */
export function withRefusal(answer: Answer, error: AAuthError): Answer {
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
  parts.push(`section="${section}"`);
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
    section: section ?? ERROR_CODES[known].section,
    ...(missing !== undefined && { missing }),
    ...(by !== undefined && { by }),
  };
}

const MAX_CHARACTERS = 512;
const stringOf = (text = "") => /^"([\x20\x21\x23-\x5b\x5d-\x7e]*)"$/.exec(text)?.[1];
const nameOf = (text: string | undefined) =>
  text !== undefined && /^[a-z-]+$/.test(text) ? text : undefined;
