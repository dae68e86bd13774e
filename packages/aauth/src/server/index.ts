/**
 * Person servers and access servers, and the issuance of tokens for them and for agent providers.
 *
 * @module
 */

export type {
  AgentTokenClaims,
  AuthTokenClaims,
  PersonTokenClaims,
  ResourceTokenClaims,
} from "../draft-11/claims.ts";
export type {
  IssueAgentTokenOptions,
  IssueAuthTokenOptions,
  IssuePersonTokenOptions,
  IssueResourceTokenOptions,
} from "../draft-11/issue-tokens.ts";
export {
  issueAgentToken,
  issueAuthToken,
  issuePersonToken,
  issueResourceToken,
} from "../draft-11/issue-tokens.ts";
export type { IssuedToken } from "../tokens/issue-token.ts";
export type { PrivateKeySource, TokenSigner } from "../tokens/token-signer.ts";
export { createTokenSigner, tokenSignerOf } from "../tokens/token-signer.ts";
export { createAccessServer } from "./access-server.ts";
export type { AccessServer, AccessServerOptions } from "./access-server-types.ts";
export { createDirectedSubjects } from "./directed-subject.ts";
export { createPersonServer } from "./person-server.ts";
export type { PersonServer, PersonServerOptions } from "./person-server-types.ts";
export type { SendRevocationOptions } from "./send-revocation.ts";
export { sendRevocation } from "./send-revocation.ts";
export type * from "./types.ts";
