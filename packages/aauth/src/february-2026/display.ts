import type { DisplayRules } from "../profile/display.ts";
import { parseAgentAuth } from "./agent-auth.ts";
import { AGENT_AUTH, TOKEN_TYPES } from "./names.ts";

/** What responses say in fields of this profile, and where it defines the tokens. */
export const display: DisplayRules = {
  answerFields: { [AGENT_AUTH]: parseAgentAuth },
  tokenSections: {
    [TOKEN_TYPES.resource]: "profile 4.1",
    [TOKEN_TYPES.auth]: "profile 4.2",
    [TOKEN_TYPES.agent]: "profile 4.3",
  },
};
