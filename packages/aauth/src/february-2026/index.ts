/**
 * The dialect of February 2026, which the published demo uses: its profiles, documents, tokens and
 * grammar. Pass {@link february2026} to a verifier, an agent or a resource. Nothing else in this
 * package knows the dialect.
 *
 * @module
 */

export type {
  CacheTokenInput,
  FebruaryAgent,
  FebruaryFetchContext,
  OwnTokenInput,
  RedeemCodeInput,
  RevokeInput,
} from "./agent.ts";
export { februaryAgent } from "./agent.ts";
export type { AgentAuth } from "./agent-auth.ts";
export { formatAgentAuth, parseAgentAuth } from "./agent-auth.ts";
export type { FebruaryAgentOptions, FebruaryAgentProfile } from "./agent-profile.ts";
export { february2026Agent } from "./agent-profile.ts";
export type { FebruaryTokenHolder } from "./callers.ts";
export type { FebruaryAuthTokenClaims, FebruaryResourceTokenClaims } from "./claims.ts";
export type { AgentMetadata, IssuerMetadata } from "./documents.ts";
export { agentMetadata } from "./documents.ts";
export { ConsentRequiredError, UserInteractionRequiredError } from "./errors.ts";
export type { UserClaims } from "./issue-tokens.ts";
export { february2026Jwks } from "./jwks.ts";
export type { FebruaryDialect, FebruaryResourceOptions } from "./profile.ts";
export { february2026, february2026Published, february2026Resource } from "./profile.ts";
export type { FebruaryToken } from "./renewal.ts";
export type { FebruaryLevel } from "./requirement.ts";
export { february2026Tokens } from "./tokens.ts";
