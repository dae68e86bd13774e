/**
 * The grammar of headers and signature bases, for tools and tests. Agents and resources do not need it.
 *
 * @module
 */

export { formatContentDigest, verifyContentDigest } from "./http-signatures/content-digest.ts";
export type { SignatureValue } from "./http-signatures/signature.ts";
export { formatSignature, parseSignature } from "./http-signatures/signature.ts";
export type { SignatureBaseInput } from "./http-signatures/signature-base.ts";
export { buildSignatureBase } from "./http-signatures/signature-base.ts";
export type { SignatureInput } from "./http-signatures/signature-input.ts";
export { formatSignatureInput, parseSignatureInput } from "./http-signatures/signature-input.ts";
export type { ImportVerificationKeyOptions } from "./keys/verification-key.ts";
export { importVerificationKey } from "./keys/verification-key.ts";
export type { AAuthRequirement, SignatureError } from "./profiles/draft-11/headers.ts";
export {
  formatRequirement,
  formatSignatureError,
  formatTokenList,
  parseAccess,
  parseRequirement,
  parseSessionAuthorization,
  parseSignatureError,
  parseTokenList,
} from "./profiles/draft-11/headers.ts";
export type { AgentIdentifier } from "./profiles/draft-11/identifiers.ts";
export { parseAgentIdentifier } from "./profiles/draft-11/identifiers.ts";
export * as draft11Names from "./profiles/draft-11/names.ts";
export * as draft11Signatures from "./profiles/draft-11/signature-key.ts";
export type { AgentAuth } from "./profiles/february-2026/agent-auth.ts";
export { formatAgentAuth, parseAgentAuth } from "./profiles/february-2026/agent-auth.ts";
export { DOCUMENTS, FIELDS, SIGNATURE_ALGORITHMS, TOKEN_TYPES } from "./profiles/february-2026/names.ts";
export type {
  HwkSignatureKey,
  JwksSignatureKey,
  JwksUriSignatureKey,
  JwtSignatureKey,
  SignatureKey,
} from "./profiles/february-2026/signature-key.ts";
export { formatSignatureKey, parseSignatureKey } from "./profiles/february-2026/signature-key.ts";
export { parseRefusal, REFUSAL_FIELD } from "./profiles/refusal.ts";
