/**
 * The dialect of February 2026, and the variant of the published demo.
 *
 * @module
 */

import { requireIdentifier } from "../discovery/checked-options.ts";
import { parseSignature } from "../http-signatures/signature.ts";
import { parseSignatureInput } from "../http-signatures/signature-input.ts";
import { checkOptions, requireBoolean, requireFunction, unchecked } from "../keys/option-checks.ts";
import type { MessageRules } from "../profile/messages.ts";
import type { VerificationRules } from "../profile/verification.ts";
import type { WireProfile } from "../profile/wire-profile.ts";
import { createAnswers, type ResourceServer, refuseWithoutToken } from "./answers.ts";
import { claimedAgent, claimedJwk, type FebruaryTokenHolder, resolversOf } from "./callers.ts";
import { CHECKS } from "./checks.ts";
import { coverageWithoutBody, fullCoverage, publishedCoverage } from "./coverage.ts";
import { display } from "./display.ts";
import { documents } from "./documents.ts";
import { FIELDS, KEY_ALGORITHMS, LABEL, TOKEN_TYPES, TOLERANCE_SECONDS } from "./names.ts";
import { readNonce } from "./nonce.ts";
import { type FebruaryLevel, LEVELS, unmet, validateRequirement } from "./requirement.ts";
import { resource } from "./resource.ts";
import { sectionOf } from "./sections.ts";
import { isParenthesised, parseSignatureKey, signatureKeyFor } from "./signature-key.ts";

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
  nonceFields: (nonce) => ({ [FIELDS.nonce]: nonce }),
  readNonce,
  endpoints: { resource: rules, token: rules },
};

const verification: VerificationRules<FebruaryLevel> = {
  checks: CHECKS,
  resolvers: resolversOf(),
  claimedJwk,
  levels: LEVELS,
  issuers: [],
  validateRequirement,
  unmet,
};

/** The dialect of February 2026, or a variant. */
export type FebruaryDialect = WireProfile<FebruaryLevel> & { readonly documents: typeof documents };

/** The dialect of February 2026, for resources and verifiers without an auth server. */
export const february2026: FebruaryDialect = {
  name: "february-2026",
  documents,
  messages,
  verification,
  answers: { refuse: refuseWithoutToken, create: (options) => createAnswers(options, {}) },
  resource,
  display,
  sectionOf,
};

/**
 * The variant of the published demo. It covers neither bodies nor nonces, so a body can be replaced
 * and a request replayed within its window. Use it only for peers without support for more (`peers`
 * of a verifier's `accept`), never for all.
 */
export const february2026Published: FebruaryDialect = {
  ...february2026,
  name: "february-2026-published",
  messages: {
    ...messages,
    formatKeyClaim: (credential, key) => signatureKeyFor(credential, key, false),
    demandedComponents: coverageWithoutBody,
    signedComponents: publishedCoverage,
    bindsBody: false,
    nonceFields: () => ({}),
  },
};

/** Options of a resource that only this dialect has. */
export interface FebruaryResourceOptions extends ResourceServer {
  /**
   * Refuses requests with an unsafe method and no nonce. Default false: their signature base is
   * remembered instead, so that they are accepted once.
   */
  readonly requireNonce?: boolean | undefined;
  /**
   * For auth servers: verifies auth tokens in `Signature-Key`, which at a token exchange are
   * addressed to the caller instead of issued to it (profile 6.1). Default: none.
   */
  readonly tokenHolder?: FebruaryTokenHolder | undefined;
  /** Variant. Default {@link february2026}. */
  readonly dialect?: FebruaryDialect | undefined;
}

/**
 * Creates the `profile` of a resource, a verifier or a challenger of February 2026.
 *
 * @throws TypeError for an invalid option
 *
 * @example
 * const profile = february2026Resource({ authServer: "https://as.example" });
 * const resource = createResource({ resource: "https://reports.example", key, profile });
 */
export function february2026Resource(options: FebruaryResourceOptions): FebruaryDialect {
  checkOptions<FebruaryResourceOptions>(options, {
    authServer(name, value) {
      if (value !== undefined) requireIdentifier(name, value, february2026);
    },
    algs: unchecked,
    requireNonce: requireBoolean,
    tokenHolder: requireFunction,
    dialect: unchecked,
  });
  const { authServer, requireNonce, tokenHolder, dialect = february2026 } = options;
  const issuers = authServer === undefined ? [] : [authServer];
  return {
    ...dialect,
    messages: { ...dialect.messages, readNonce: (request) => readNonce(request, requireNonce) },
    verification: { ...dialect.verification, issuers, resolvers: resolversOf(tokenHolder) },
    answers: { ...dialect.answers, create: (own) => createAnswers(own, options) },
  };
}
