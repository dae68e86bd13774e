/**
 * The wire: rules of dialects, parsers and writers of headers and signature bases, and the verifier
 * for explanations. For dialects, tools and tests; agents and resources do not need them.
 *
 * A dialect is a {@link WireProfile}. One that differs from draft -11 in a few rules spreads
 * `draft11`.
 *
 * @module
 */

export { createGuardedTransport } from "#http";
export type { AAuthRequirement, SignatureError } from "./draft-11/headers.ts";
export { parseRequirement } from "./draft-11/headers.ts";
export type { DocumentKind } from "./draft-11/names.ts";
export { TOKEN_TYPES } from "./draft-11/names.ts";
export type { RequestTarget } from "./http-signatures/authority.ts";
export { requestTarget } from "./http-signatures/authority.ts";
export { verifyContentDigest } from "./http-signatures/content-digest.ts";
export { fieldValue } from "./http-signatures/field.ts";
export type { SignatureBaseInput } from "./http-signatures/signature-base.ts";
export { buildSignatureBase, componentIdentifier } from "./http-signatures/signature-base.ts";
export type { SignatureInput } from "./http-signatures/signature-input.ts";
export type { ImportVerificationKeyOptions } from "./keys/verification-key.ts";
export { importVerificationKey } from "./keys/verification-key.ts";
export type * from "./profile/answers.ts";
export type * from "./profile/calls.ts";
export type * from "./profile/display.ts";
export type * from "./profile/messages.ts";
export type * from "./profile/resource-rules.ts";
export type * from "./profile/token-requests.ts";
export type * from "./profile/verification.ts";
export type * from "./profile/waiting.ts";
export type * from "./profile/wire-profile.ts";
export { verifierOf } from "./resource/verify-request.ts";
