/**
 * The half of draft -11 that verifiers and resources use.
 *
 * @module
 */

import type { MessageRules } from "../profile/messages.ts";
import type { VerificationRules } from "../profile/verification.ts";
import type { ResourceProfile } from "../profile/wire-profile.ts";
import { createAnswers, refuseWithoutToken } from "./answers.ts";
import { claimedJwk, RESOLVERS } from "./callers.ts";
import { CHECKS } from "./checks.ts";
import { demandedCoverage } from "./coverage.ts";
import { documents } from "./documents.ts";
import { foreignParameter } from "./keys.ts";
import { ALGORITHMS, type Draft11Level, LEVELS, NAME } from "./names.ts";
import { unmet, validateRequirement } from "./requirement.ts";
import { resource } from "./resource.ts";
import { sectionOf } from "./sections.ts";
import { hasTokenMember, parseSignature, parseSignatureInput, parseSignatureKey } from "./signature-key.ts";
import { signingRules } from "./signing.ts";

const messages: MessageRules = {
  ...signingRules,
  keyAlgorithms: ALGORITHMS,
  claims: hasTokenMember,
  parseKeyClaim: parseSignatureKey,
  parseSignatureInput,
  parseSignature,
  foreignParameter,
  demandedComponents: demandedCoverage,
};

const verification: VerificationRules<Draft11Level> = {
  checks: CHECKS,
  resolvers: RESOLVERS,
  claimedJwk,
  levels: LEVELS,
  issuedLevels: ["person-token", "auth-token"],
  validateRequirement,
  unmet,
};

export const resourceProfile: ResourceProfile<Draft11Level> & { readonly documents: typeof documents } = {
  name: NAME,
  documents,
  messages,
  verification,
  answers: { refuse: refuseWithoutToken, create: createAnswers },
  resource,
  sectionOf,
};
