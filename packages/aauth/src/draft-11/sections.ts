/**
 * Sections of draft -11 that the errors of a call, and of tokens outside of a verifier, cite. A
 * verifier's errors cite the failed check (`checks.ts`).
 *
 * @module
 */

import type { AAuthErrorCode } from "../errors.ts";

/** Codes that begin like this, in the order in which they are tried. */
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

/** The section for a code that no RFC and no check has a section for. */
export const sectionOf = (code: AAuthErrorCode): string =>
  `draft -11, section ${SECTIONS.find(([codes]) => codes.test(code))?.[1] ?? OF_SIGNATURES}`;
