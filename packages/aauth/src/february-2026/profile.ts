/**
 * The dialect of February 2026, and the variant of the published demo.
 *
 * @module
 */

import { parseSignature } from "../http-signatures/signature.ts";
import { parseSignatureInput } from "../http-signatures/signature-input.ts";
import type { MessageRules } from "../profile/messages.ts";
import type { VerificationRules } from "../profile/verification.ts";
import type { WireProfile } from "../profile/wire-profile.ts";
import { createAnswers, refuseWithoutToken } from "./answers.ts";
import { claimedAgent, claimedJwk, RESOLVERS } from "./callers.ts";
import { calls } from "./calls.ts";
import { CHECKS } from "./checks.ts";
import { coverageWithoutBody, fullCoverage, publishedCoverage } from "./coverage.ts";
import { display } from "./display.ts";
import { documents } from "./documents.ts";
import { FIELDS, KEY_ALGORITHMS, LABEL, TOKEN_TYPES, TOLERANCE_SECONDS } from "./names.ts";
import { type FebruaryLevel, LEVELS, unmet, validateRequirement } from "./requirement.ts";
import { resource } from "./resource.ts";
import { sectionOf } from "./sections.ts";
import { isParenthesised, parseSignatureKey, signatureKeyFor } from "./signature-key.ts";
import { tokenRequests } from "./token-requests.ts";

const rules = {
  schemes: ["hwk", "jwks", "jwt"],
  tokenTypes: [TOKEN_TYPES.agent, TOKEN_TYPES.auth],
  toleranceSeconds: TOLERANCE_SECONDS,
  replay: "remember",
} as const;

const messages: MessageRules = {
  fields: FIELDS,
  label: LABEL,
  keyAlgorithms: KEY_ALGORITHMS,
  claims: isParenthesised,
  parseKeyClaim: parseSignatureKey,
  claimedAgent,
  formatKeyClaim: (credential, key) => signatureKeyFor(credential, key, true),
  parseSignatureInput,
  parseSignature,
  signatureEncoding: "base64url",
  demandedComponents: fullCoverage,
  signedComponents: fullCoverage,
  bindsBody: true,
  sendsNonce: true,
  endpoints: { resource: rules, token: rules },
};

const verification: VerificationRules<FebruaryLevel> = {
  checks: CHECKS,
  resolvers: RESOLVERS,
  claimedJwk,
  levels: LEVELS,
  validateRequirement,
  unmet,
};

/** The dialect of February 2026. */
export const february2026: WireProfile<FebruaryLevel> & { readonly documents: typeof documents } = {
  name: "february-2026",
  documents,
  messages,
  verification,
  answers: { refuse: refuseWithoutToken, create: createAnswers },
  resource,
  calls,
  tokenRequests,
  display,
  sectionOf,
};

/**
 * The variant of the published demo. It covers neither bodies nor nonces, so a body can be replaced
 * and a request replayed within its window. Use it only for peers without support for more (`peers`
 * of a verifier's `accept`), never for all.
 */
export const february2026Published: typeof february2026 = {
  ...february2026,
  name: "february-2026-published",
  messages: {
    ...messages,
    formatKeyClaim: (credential, key) => signatureKeyFor(credential, key, false),
    demandedComponents: coverageWithoutBody,
    signedComponents: publishedCoverage,
    bindsBody: false,
    sendsNonce: false,
  },
};
