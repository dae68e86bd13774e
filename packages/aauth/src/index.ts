/**
 * AAuth: signatures, headers and keys. The agent's and the resource's side are `aauth/agent` and `aauth/resource`;
 * `aauth/explain` takes a message apart, `aauth/testing` makes messages and peers for tests.
 *
 * This is the whole public surface of `aauth`: a name that is not here does not exist.
 *
 * @module
 */

// errors, profile, types

export type { AAuthErrorCode, AAuthErrorOptions } from "./errors.ts";
export {
  AAuthError,
  ConsentRequiredError,
  ERROR_CODES,
  TokenRequestError,
  UserInteractionRequiredError,
} from "./errors.ts";
export type { TokenAlgorithm } from "./profile.ts";
export { PROFILE } from "./profile.ts";
export type * from "./types.ts";

// keys

export { toJwks } from "./keys/jwks.ts";
export type { KeyRing, KeyRingOptions } from "./keys/key-ring.ts";
export { createKeyRing } from "./keys/key-ring.ts";
export type { PrivateJwk } from "./keys/signing-key.ts";
export { generateSigningKey, importSigningKey } from "./keys/signing-key.ts";
export { jwkThumbprint } from "./keys/thumbprint.ts";
export type { ImportVerificationKeyOptions } from "./keys/verification-key.ts";
export { importVerificationKey } from "./keys/verification-key.ts";

// headers

export { formatContentDigest, verifyContentDigest } from "./http-signatures/content-digest.ts";
export type { SignatureEncoding, SignatureValue } from "./http-signatures/signature.ts";
export { formatSignature, parseSignature } from "./http-signatures/signature.ts";
export type { SignatureInput } from "./http-signatures/signature-input.ts";
export { formatSignatureInput, parseSignatureInput } from "./http-signatures/signature-input.ts";
export type { AgentAuth } from "./profiles/february-2026/agent-auth.ts";
export { formatAgentAuth, parseAgentAuth } from "./profiles/february-2026/agent-auth.ts";
export type {
  HwkSignatureKey,
  JwksSignatureKey,
  JwksUriSignatureKey,
  JwtSignatureKey,
  ParseSignatureKeyOptions,
  SignatureKey,
} from "./profiles/february-2026/signature-key.ts";
export { formatSignatureKey, parseSignatureKey } from "./profiles/february-2026/signature-key.ts";

// signing

export type {
  RequestToSign,
  SignatureKeyChoice,
  SignedRequest,
  SignRequestOptions,
} from "./agent/sign-request.ts";
export { signRequest } from "./agent/sign-request.ts";
export { canonicalAuthority } from "./http-signatures/authority.ts";
export type { ReplayStore } from "./http-signatures/replay.ts";
export { createMemoryReplayStore } from "./http-signatures/replay.ts";
export type { ReplayShare } from "./http-signatures/replay-memory.ts";
export type { Check, CheckName, KeySource, VerificationReport } from "./http-signatures/report.ts";
export type { SignatureBaseInput } from "./http-signatures/signature-base.ts";
export { buildSignatureBase } from "./http-signatures/signature-base.ts";

// explain: the table alone, for whoever writes reports down

export { CHECK_SECTIONS } from "./explain/sections.ts";

// store

export type { KeyValueStore } from "./store/key-value-store.ts";
export type { MemoryStore, MemoryStoreOptions } from "./store/memory-store.ts";
export { createMemoryStore } from "./store/memory-store.ts";

// tokens

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
export { decodeToken, tokenId } from "./tokens/decode-token.ts";
export type { DecodedToken } from "./tokens/jwt.ts";
export type { PrivateKeySource, TokenSigner } from "./tokens/token-signer.ts";
export { createTokenSigner, tokenSignerOf } from "./tokens/token-signer.ts";
export type { TrustPolicy } from "./tokens/trust.ts";
export type { VerifiedTokens } from "./tokens/verified-tokens.ts";
export { createVerifiedTokens } from "./tokens/verified-tokens.ts";

// metadata

export type { DiscoveredKey, Discovery, DiscoveryKind, DiscoveryOptions } from "./discovery/discovery.ts";
export { createDiscovery } from "./discovery/discovery.ts";
export { agentMetadata, issuerMetadata, resourceMetadata } from "./discovery/documents.ts";
export type { DocumentFetchInit, DocumentTransport, FetchedDocument } from "./discovery/transport.ts";
export { isIdentifier } from "./discovery/url-guard.ts";
export { ownerOf } from "./store/owner-of.ts";
