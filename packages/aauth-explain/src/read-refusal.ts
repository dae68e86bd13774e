import { draft11 } from "aauth";
import { parseRefusal, REFUSAL_FIELD, type Refusal } from "aauth/resource";
import type { SignatureError } from "aauth/wire";
import { isRecord, parsedJson } from "./run/trace-span.ts";

/** The reason for a refusal, as far as the answer states it. */
export interface StatedRefusal {
  /** The field `aauth-refusal`: code, check, section and party of our own receivers. */
  readonly field?: Refusal | undefined;
  /** Code of `Signature-Error` (draft -11, section 11.3.4). */
  readonly signatureError?: string | undefined;
  /** Code in a body of JSON: an OAuth error, or problem details (draft -11, section 11.9). */
  readonly error?: string | undefined;
  /** Its `error_description` or `detail`, as the sender wrote it. */
  readonly reason?: string | undefined;
}

const CODE = /^[a-z_]{1,40}$/;

/**
 * Reads a refusal from an answer. A code that is not lower-case letters is left out.
 *
 * @param headers by lower-case name
 * @param body of a record it may be truncated; its code is read if it comes first
 */
export function readRefusal(
  headers: Readonly<Record<string, string>> | undefined,
  body: string | undefined,
): StatedRefusal {
  const json = parsedJson(body);
  const members = isRecord(json)
    ? json
    : { error: /^\s*\{\s*"error"\s*:\s*"([a-z_]+)"/.exec(body ?? "")?.[1] };
  return {
    field: parseRefusal(headers?.[REFUSAL_FIELD]),
    signatureError: signatureErrorIn(headers?.["signature-error"]),
    error: codeOf(members.error),
    reason: textOf(members.error_description) ?? textOf(members.detail),
  };
}

/** Grants of token requests that do not use a resource token. */
const GRANTS: Readonly<Record<string, string>> = { code: "authorization code", refresh: "refresh token" };

/** The check that a token endpoint's code names: `invalid_resource_token` is "resource token". */
export function checkOfCode(code = "", requestType = ""): string | undefined {
  if (code === "invalid_grant") return GRANTS[requestType] ?? "resource token";
  return /^invalid_([a-z_]{1,40})$/.exec(code)?.[1]?.replaceAll("_", " ");
}

function signatureErrorIn(field: string | undefined): string | undefined {
  try {
    const parse = draft11.display.answerFields["signature-error"]!;
    return codeOf((parse(field ?? "") as SignatureError).error);
  } catch {
    return undefined;
  }
}

const codeOf = (value: unknown) => (typeof value === "string" && CODE.test(value) ? value : undefined);
const textOf = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
