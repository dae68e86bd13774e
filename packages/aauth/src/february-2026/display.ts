import type { DisplayRules } from "../profile/display.ts";
import { parseAgentAuth } from "./agent-auth.ts";
import { AGENT_AUTH, TOKEN_TYPES } from "./names.ts";

/** Parsers of response fields for display, and the sections that define the tokens. */
export const display: DisplayRules = {
  answerFields: { [AGENT_AUTH]: parseAgentAuth },
  tokenSections: {
    [TOKEN_TYPES.resource]: "profile 4.1",
    [TOKEN_TYPES.auth]: "profile 4.2",
    [TOKEN_TYPES.agent]: "profile 4.3",
  },
};
