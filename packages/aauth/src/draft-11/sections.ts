/**
 * Sections of draft -11 that errors cite.
 *
 * @module
 */

import type { AAuthErrorCode } from "../errors.ts";

/** Codes whose section is more specific than that of the failed check. */
const SPECIFIC: Partial<Record<AAuthErrorCode, string>> = {
  key_algorithm_not_allowed: "11.3.1",
  token_revoked: "11.12",
  revocation_unknown: "11.12",
  presented_token_mismatch: "6.7.2",
  person_required: "6.1",
  grant_pending: "11.8",
  waiting_key_gone: "11.8",
  request_cancelled: "7.5.2",
  mission_terminated: "8.8",
  unsupported_requirement: "11.6.2",
  payment_required: "11.6",
};

/** Codes of calls, and of tokens outside of a verifier, in the order in which they are tried. */
const SECTIONS: readonly (readonly [RegExp, string])[] = [
  [/^token_request_/, "11.9.3"],
  [/^(?:discovery_|metadata_|unknown_key$)/, "11.2"],
  [/^(?:malformed_challenge$|challenge_)/, "6.7.3"],
  [/^(?:token_|malformed_token$|untrusted_issuer$|invalid_token_signature$)/, "11.3.4 step 5"],
  [/^(?:unsupported_key$|unsupported_algorithm$)/, "11.3.1"],
  [/^(?:identity_required|authorization_required|insufficient_scope|limit_reached)$/, "6"],
  [/replay/, "11.3.4.2"],
  [/^(?:auth_token_rejected|store_unavailable|untrusted_agent)$/, "11.9"],
];

/** Everything else is about the signature of a message. */
const OF_SIGNATURES = "11.3.4";

/** The specific section of a code; otherwise that of the failed check (`checks.ts`), if one has. */
export function sectionOf(code: AAuthErrorCode, failed?: string): string {
  const specific = SPECIFIC[code];
  if (specific === undefined && failed !== undefined) return failed;
  const known = specific ?? SECTIONS.find(([codes]) => codes.test(code))?.[1];
  return `draft -11, section ${known ?? OF_SIGNATURES}`;
}
