/**
 * Signing rules of draft -11 (section 11.3): all that a signer needs of the dialect.
 *
 * @module
 */

import type { SigningRules } from "../profile/messages.ts";
import type { SigningProfile } from "../profile/wire-profile.ts";
import { signedCoverage } from "./coverage.ts";
import { isServerIdentifier } from "./identifiers.ts";
import { FIELDS, LABEL, NAME, TOKEN_TYPES, WINDOW_SECONDS } from "./names.ts";
import { signatureKeyFor } from "./signature-key.ts";

const rules = { toleranceSeconds: WINDOW_SECONDS, replay: "remember" } as const;
const agentTokens = [TOKEN_TYPES.agent, TOKEN_TYPES.person, TOKEN_TYPES.auth];

export const signingRules: SigningRules = {
  fields: FIELDS,
  label: LABEL,
  formatKeyClaim: signatureKeyFor,
  signatureEncoding: "sf-binary",
  signedComponents: signedCoverage,
  bindsBody: true,
  absentQuery: "?",
  endpoints: {
    /** Agents, with any of their tokens. The route selects the accepted types. */
    resource: { ...rules, schemes: ["jwt"], tokenTypes: agentTokens },
    /**
     * Agents call the endpoint of a person server, and person servers that of an access server. The
     * requirement selects one.
     */
    token: { ...rules, schemes: ["jwt", "jwks_uri"], tokenTypes: [TOKEN_TYPES.agent] },
    /**
     * Polled by the agent or server that made the request; at a resource, with any token of the
     * agent.
     */
    pending: { ...rules, schemes: ["jwt", "jwks_uri"], tokenTypes: agentTokens },
    revocation: { ...rules, schemes: ["jwks_uri"], tokenTypes: [] },
  },
};

export const signingProfile: SigningProfile = {
  name: NAME,
  documents: { isIdentifier: isServerIdentifier },
  messages: signingRules,
};
