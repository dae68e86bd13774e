/**
 * For auth servers and agent servers: tokens, issued and verified. Those of draft -11 have the same names in {@link draft11Tokens}; its person server
 * and access server are {@link createPersonServer} and {@link createAccessServer}.
 *
 * @module
 */

export { createAccessServer } from "./issuer/draft-11/access-server.ts";
export type { AccessServer, AccessServerOptions } from "./issuer/draft-11/access-server-types.ts";
export { createDirectedSubjects } from "./issuer/draft-11/directed-subject.ts";
export { createPersonServer } from "./issuer/draft-11/person-server.ts";
export type { PersonServer, PersonServerOptions } from "./issuer/draft-11/person-server-types.ts";
export type { SendRevocationOptions } from "./issuer/draft-11/revocations.ts";
export { sendRevocation } from "./issuer/draft-11/revocations.ts";
export type { ServerKey } from "./issuer/draft-11/server-parts.ts";
export type { OpenStore, StoreName } from "./issuer/draft-11/stores.ts";
export type * from "./issuer/draft-11/types.ts";
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
