import { issueAgentToken, issueAuthToken, issueResourceToken } from "./issue-tokens.ts";
import { TOKEN_TYPES } from "./names.ts";
import { verifyAgentToken, verifyAuthToken, verifyResourceToken } from "./verify-tokens.ts";

/** The tokens of February 2026: their types, and the functions that issue and verify them. */
export const february2026Tokens = {
  types: TOKEN_TYPES,
  issueAgentToken,
  issueAuthToken,
  issueResourceToken,
  verifyAgentToken,
  verifyAuthToken,
  verifyResourceToken,
} as const;
