/**
 * The dialect of draft -11 (draft-hardt-oauth-aauth-protocol-11, September 2026).
 *
 * @module
 */

import type { MessageRules } from "../profile/messages.ts";
import type { VerificationRules } from "../profile/verification.ts";
import type { WireProfile } from "../profile/wire-profile.ts";
import { createAnswers, refuseWithoutToken } from "./answers.ts";
import { claimedJwk, RESOLVERS } from "./callers.ts";
import { calls } from "./calls.ts";
import { CHECKS } from "./checks.ts";
import { coverage } from "./coverage.ts";
import { display } from "./display.ts";
import { documents } from "./documents.ts";
import { grants } from "./grants.ts";
import { foreignParameter } from "./keys.ts";
import { ALGORITHMS, FIELDS, LABEL, LEVELS, TOKEN_TYPES, WINDOW_SECONDS } from "./names.ts";
import { unmet, validateRequirement } from "./requirement.ts";
import { resource } from "./resource.ts";
import {
  formatSignature,
  hasTokenMember,
  parseSignature,
  parseSignatureInput,
  parseSignatureKey,
  signatureKeyFor,
} from "./signature-key.ts";

const rules = { toleranceSeconds: WINDOW_SECONDS, replay: "remember" } as const;

const messages: MessageRules = {
  fields: FIELDS,
  label: LABEL,
  keyAlgorithms: ALGORITHMS,
  claims: hasTokenMember,
  parseKeyClaim: parseSignatureKey,
  formatKeyClaim: signatureKeyFor,
  parseSignatureInput,
  parseSignature,
  foreignParameter,
  formatSignature: (signature) => formatSignature(signature),
  demandedComponents: coverage,
  signedComponents: coverage,
  bindsBody: true,
  sendsNonce: false,
  absentQuery: "?",
  endpoints: {
    /** Agents, with any of their tokens; which of them is the route's. */
    resource: {
      ...rules,
      schemes: ["jwt"],
      tokenTypes: [TOKEN_TYPES.agent, TOKEN_TYPES.person, TOKEN_TYPES.auth],
    },
    /** A person server's is asked by agents, an access server's by person servers: the requirement says which. */
    token: { ...rules, schemes: ["jwt", "jwks_uri"], tokenTypes: [TOKEN_TYPES.agent] },
    /** Polled by the agent or server that asked; of a resource, with any token of the agent. */
    pending: {
      ...rules,
      schemes: ["jwt", "jwks_uri"],
      tokenTypes: [TOKEN_TYPES.agent, TOKEN_TYPES.person, TOKEN_TYPES.auth],
    },
    revocation: { ...rules, schemes: ["jwks_uri"], tokenTypes: [] },
  },
};

const verification: VerificationRules = {
  checks: CHECKS,
  resolvers: RESOLVERS,
  claimedJwk,
  levels: LEVELS,
  issuedLevels: ["person-token", "auth-token"],
  validateRequirement,
  unmet,
};

/** The dialect of draft -11. */
export const draft11: WireProfile & { readonly documents: typeof documents } = {
  name: "draft-11",
  documents,
  messages,
  verification,
  answers: { refuse: refuseWithoutToken, create: createAnswers },
  resource,
  calls,
  grants,
  display,
};
