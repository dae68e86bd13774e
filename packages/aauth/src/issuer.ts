/**
 * For auth servers and agent servers: tokens, issued and verified. Those of draft -11 have the same names in {@link draft11Tokens}.
 *
 * @module
 */

export * as draft11Tokens from "./profiles/draft-11/tokens.ts";

export type {
  IssueAgentTokenOptions,
  VerifyAgentTokenOptions,
} from "./profiles/february-2026/agent-token.ts";
export { issueAgentToken, verifyAgentToken } from "./profiles/february-2026/agent-token.ts";
export type {
  IssueAuthTokenOptions,
  UserClaims,
  VerifyAuthTokenOptions,
} from "./profiles/february-2026/auth-token.ts";
export { issueAuthToken, verifyAuthToken } from "./profiles/february-2026/auth-token.ts";
export type {
  IssueResourceTokenOptions,
  VerifyResourceTokenOptions,
} from "./profiles/february-2026/resource-token.ts";
export { issueResourceToken, verifyResourceToken } from "./profiles/february-2026/resource-token.ts";
export type { VerifiedToken } from "./tokens/open-token.ts";
export type { PrivateKeySource, TokenSigner } from "./tokens/token-signer.ts";
export { createTokenSigner, tokenSignerOf } from "./tokens/token-signer.ts";
export type { VerifiedTokens } from "./tokens/verified-tokens.ts";
export { createVerifiedTokens } from "./tokens/verified-tokens.ts";
