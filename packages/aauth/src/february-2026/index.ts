/**
 * The dialect of February 2026, which the published demo uses: its profiles, documents, tokens and
 * grammar. Pass {@link february2026} to a verifier, an agent or a resource. Nothing else in this
 * package knows the dialect.
 *
 * @module
 */

export { formatSignature, parseSignature } from "../http-signatures/signature.ts";
export { parseSignatureInput } from "../http-signatures/signature-input.ts";
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
export type { AgentTokenClaims, AuthTokenClaims, ResourceTokenClaims } from "./claims.ts";
export type { AgentMetadata, IssuerMetadata, ResourceMetadata } from "./documents.ts";
export { agentMetadata, resourceMetadata } from "./documents.ts";
export * from "./issue-tokens.ts";
export { toJwks } from "./jwks.ts";
export { DOCUMENTS, FIELDS, SIGNATURE_ALGORITHMS, TOKEN_TYPES } from "./names.ts";
export type { FebruaryDialect, FebruaryResourceOptions } from "./profile.ts";
export { february2026, february2026Published, february2026Resource } from "./profile.ts";
export type { FebruaryLevel } from "./requirement.ts";
export type {
  HwkSignatureKey,
  JwksSignatureKey,
  JwksUriSignatureKey,
  JwtSignatureKey,
  SignatureKey,
} from "./signature-key.ts";
export { formatSignatureKey, parseSignatureKey } from "./signature-key.ts";
export * from "./verify-tokens.ts";
