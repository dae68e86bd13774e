/**
 * Parsing of responses of resources and servers (draft -11, sections 6.3, 7.5 and 11.8).
 *
 * @module
 */

import { AAuthAgentError, AAuthError } from "../errors.ts";
import type { ResponseHead } from "../profile/calls.ts";
import type { Clarification, DeferredResponse } from "../profile/waiting.ts";
import { type AAuthRequirement, parseAccess, parseRequirement } from "./headers.ts";
import { AAUTH_ACCESS, AAUTH_REQUIREMENT } from "./names.ts";

type Members = Readonly<Record<string, unknown>>;
type Head = Pick<ResponseHead, "status" | "field">;

export const ACCEPTED = 202;

/**
 * At least 8 letters and digits, with hyphens for readability (section 11.6.3.1). The server that
 * compares the code chooses its alphabet.
 */
const CODE = /^(?=(?:-*[A-Za-z0-9]){8})[A-Za-z0-9-]{8,64}$/;
const MAX_QUESTION_CHARACTERS = 20_000;
const MAX_OPTIONS = 100;

/**
 * Reads `AAuth-Requirement` of a response; undefined if there is none.
 *
 * @throws AAuthAgentError `malformed_challenge`
 */
export function requirementOf({ field }: Head): AAuthRequirement | undefined {
  const value = field(AAUTH_REQUIREMENT);
  if (value === null) return undefined;
  try {
    const requirement = parseRequirement(value);
    if (requirement.code !== undefined && !CODE.test(requirement.code)) {
      throw malformed("the interaction code is not 8 to 64 letters, digits and hyphens", "11.6.3.1");
    }
    return requirement;
  } catch (error) {
    if (!(error instanceof AAuthError) || error instanceof AAuthAgentError) throw error;
    throw malformed(error.message, "11.6.1", error);
  }
}

/**
 * Reads the deferred response of a 202; undefined for another status, and for a 202 without
 * `Location`.
 */
export function deferredIn(
  head: Head,
  requirement: AAuthRequirement | undefined,
): DeferredResponse | undefined {
  const { status, field } = head;
  const location = field("location");
  if (status !== ACCEPTED || location === null) return undefined;
  const seconds = Number(field("retry-after")?.trim() || Number.NaN);
  const { url, code } = requirement ?? {};
  return {
    location,
    // Section 11.8.3. NaN would not survive serialization.
    retryAfterSeconds: seconds >= 0 ? seconds : DEFAULT_SECONDS,
    requirement: requirement?.requirement ?? "",
    ...(url !== undefined && code !== undefined && { interaction: { url, code } }),
  };
}

const DEFAULT_SECONDS = 5;

/** @throws AAuthAgentError `malformed_challenge` */
export function readSession({ field }: Head): string | undefined {
  const value = field(AAUTH_ACCESS);
  if (value === null) return undefined;
  try {
    return parseAccess(value);
  } catch (cause) {
    throw malformed("AAuth-Access is not one session token", "6.3", cause);
  }
}

/** Reads the question in a body; undefined if there is none. */
export function readQuestion({ clarification, timeout, options }: Members): Clarification | undefined {
  if (typeof clarification !== "string" || clarification === "") return undefined;
  const choices = Array.isArray(options) ? options.filter((option) => typeof option === "string") : [];
  return {
    question: clarification.slice(0, MAX_QUESTION_CHARACTERS),
    ...(typeof timeout === "number" && timeout >= 0 && { timeoutSeconds: timeout }),
    ...(choices.length > 0 && { options: choices.slice(0, MAX_OPTIONS) }),
  };
}

function malformed(reason: string, section: string, cause?: unknown): AAuthAgentError {
  return new AAuthAgentError("malformed_challenge", reason, {
    cause,
    section: `draft -11, section ${section}`,
  });
}
