/**
 * How a message of draft -11 is signed (section 11.3): all that a signer needs of the dialect.
 *
 * @module
 */

import type { SigningRules } from "../profile/messages.ts";
import type { SigningProfile } from "../profile/wire-profile.ts";
import { signedCoverage } from "./coverage.ts";
import { isServerIdentifier } from "./identifiers.ts";
import { FIELDS, LABEL, NAME, TOKEN_TYPES, WINDOW_SECONDS } from "./names.ts";
import { formatSignature, signatureKeyFor } from "./signature-key.ts";

const rules = { toleranceSeconds: WINDOW_SECONDS, replay: "remember" } as const;
const agentTokens = [TOKEN_TYPES.agent, TOKEN_TYPES.person, TOKEN_TYPES.auth];

export const signingRules: SigningRules = {
  fields: FIELDS,
  label: LABEL,
  formatKeyClaim: signatureKeyFor,
  formatSignature: (signature) => formatSignature(signature),
  signedComponents: signedCoverage,
  bindsBody: true,
  sendsNonce: false,
  absentQuery: "?",
  endpoints: {
    /** Agents, with any of their tokens; which of them is the route's. */
    resource: { ...rules, schemes: ["jwt"], tokenTypes: agentTokens },
    /**
     * A person server's is asked by agents, an access server's by person servers: the requirement
     * says which.
     */
    token: { ...rules, schemes: ["jwt", "jwks_uri"], tokenTypes: [TOKEN_TYPES.agent] },
    /** Polled by the agent or server that asked; of a resource, with any token of the agent. */
    pending: { ...rules, schemes: ["jwt", "jwks_uri"], tokenTypes: agentTokens },
    revocation: { ...rules, schemes: ["jwks_uri"], tokenTypes: [] },
  },
};

export const signingProfile: SigningProfile = {
  name: NAME,
  documents: { isIdentifier: isServerIdentifier },
  messages: signingRules,
};
