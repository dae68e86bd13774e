/** Sections of docs/february-2026/profile.md that the errors of February cite. */

import type { SectionOf } from "../errors.ts";

/** Codes that match, in the order in which they are tried. */
const SECTIONS: readonly (readonly [RegExp, string])[] = [
  [/^missing_signature$/, "1, 2"],
  [/^(?:unsupported_scheme|profile_not_accepted)$/, "1.3"],
  [/^malformed_signature_key$|^(?:unsupported_key|key_|label_|header_)/, "1.5"],
  [/^unknown_authority$/, "2.2"],
  [/^created_/, "2.4"],
  [/^insufficient_coverage$/, "2.5"],
  [/nonce|replay|^store_unavailable$/, "2.7"],
  [/^(?:discovery_|metadata_|unknown_key$|untrusted_agent$)/, "5.2"],
  [/^(?:token_request_|grant_|waiting_|request_|payment_)/, "6"],
  [/^consent_/, "6.5"],
  [/^user_interaction_/, "3.5"],
  [/challenge|^(?:auth_token_rejected|unsupported_requirement)$/, "3.4"],
  [/_required$|^(?:insufficient_scope|limit_reached|unsupported_algorithm)$/, "3.1"],
  [/^(?:token_algorithm_|untrusted_issuer$)/, "4.2"],
  [/^token_(?:agent|key)_/, "4.1"],
];

/** Everything else is about tokens. */
const OF_TOKENS = "4";

/** The section of a code, also where a check of another section has failed. */
export const sectionOf: SectionOf = (code) =>
  `profile ${SECTIONS.find(([codes]) => codes.test(code))?.[1] ?? OF_TOKENS}`;
