/**
 * Parsers and writers of headers and signature bases, and the verifier for explanations, for tools
 * and tests. Agents and resources do not need them.
 *
 * @module
 */

export type { AAuthRequirement, SignatureError } from "./draft-11/headers.ts";
export {
  formatRequirement,
  formatSignatureError,
  formatTokenList,
  parseAccess,
  parseRequirement,
  parseSessionAuthorization,
  parseSignatureError,
  parseTokenList,
} from "./draft-11/headers.ts";
export type { AgentIdentifier } from "./draft-11/identifiers.ts";
export { parseAgentIdentifier } from "./draft-11/identifiers.ts";
export * from "./draft-11/names.ts";
export type { JwksUriSignatureKey, JwtSignatureKey, SignatureKey } from "./draft-11/signature-key.ts";
export {
  formatSignature,
  formatSignatureKey,
  hasTokenMember,
  parseSignature,
  parseSignatureInput,
  parseSignatureKey,
} from "./draft-11/signature-key.ts";
export type { RequestTarget } from "./http-signatures/authority.ts";
export { requestTarget } from "./http-signatures/authority.ts";
export { formatContentDigest, verifyContentDigest } from "./http-signatures/content-digest.ts";
export { fieldValue } from "./http-signatures/field.ts";
export type { SignatureValue } from "./http-signatures/signature.ts";
export type { SignatureBaseInput } from "./http-signatures/signature-base.ts";
export { buildSignatureBase, componentIdentifier } from "./http-signatures/signature-base.ts";
export type { SignatureInput } from "./http-signatures/signature-input.ts";
export { formatSignatureInput } from "./http-signatures/signature-input.ts";
export type { ImportVerificationKeyOptions } from "./keys/verification-key.ts";
export { importVerificationKey } from "./keys/verification-key.ts";
export { parseRefusal, REFUSAL_FIELD } from "./profile/refusal.ts";
export { verifierOf } from "./resource/verify-request.ts";
