/**
 * A refusal as data, in one header: so that gateways that pass on only status and headers keep it.
 *
 * @module
 */

import {
  type AAuthError,
  type AAuthErrorCode,
  AAuthVerificationError,
  ERROR_CODES,
  publicRefusal,
} from "../errors.ts";
import { splitTopLevel } from "../http-signatures/structured-fields.ts";
import type { Answer } from "../profiles/wire-profile.ts";

/** Carries a {@link Refusal}. Not a header of any profile: peers that do not know it ignore it. */
export const REFUSAL_FIELD = "aauth-refusal";

/** Why a request was refused. */
export interface Refusal {
  /** As in {@link ERROR_CODES}. */
  readonly code: AAuthErrorCode;
  /** Name of the check that failed. */
  readonly check?: string;
  /** Section of the profile, or of the RFC, that demands it. */
  readonly section: string;
}

/** The refusal in an error of a verifier: what its sender may know of it. */
export function refusalOf(error: AAuthError): Refusal {
  const check = error instanceof AAuthVerificationError ? error.check : undefined;
  const { code } = publicRefusal(error);
  return { code, ...(check !== undefined && { check }), section: ERROR_CODES[code].section };
}

/** An answer with the refusal beside what the profile says. */
export function withRefusal(answer: Answer, error: AAuthError): Answer {
  return { ...answer, headers: { ...answer.headers, [REFUSAL_FIELD]: formatRefusal(refusalOf(error)) } };
}

/**
 * Writes the header: an RFC 9651 dictionary of tokens and one string.
 *
 * @example
 * formatRefusal(refusalOf(error)); // code=insufficient_coverage, check=coverage, section="profile 2.5"
 */
export function formatRefusal({ code, check, section }: Refusal): string {
  const parts = [`code=${code}`];
  if (check !== undefined) parts.push(`check=${check}`);
  return [...parts, `section="${section}"`].join(", ");
}

/** Reads the header; undefined for anything but a known code. Unknown members are ignored. */
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
  const check = members.get("check");
  const section = /^"([\x20\x21\x23-\x5b\x5d-\x7e]*)"$/.exec(members.get("section") ?? "")?.[1];
  return {
    code: known,
    ...(check !== undefined && /^[a-z-]+$/.test(check) && { check }),
    section: section ?? ERROR_CODES[known].section,
  };
}

const MAX_CHARACTERS = 512;
