import { february2026Tokens, parseAgentAuth, february2026 as wire } from "aauth/february-2026";
import type { TracedProfile } from "../profiles.ts";

/** The profile of February 2026. */
export const february2026: TracedProfile = {
  wire,
  challengeField: "Agent-Auth",
  parseChallenge: parseAgentAuth,
  publishedAuthToken: february2026Tokens.types.auth,
};
