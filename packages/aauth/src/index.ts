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
  publicRefusal,
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

export type { AgentAuth } from "./headers/agent-auth.ts";
export { formatAgentAuth, parseAgentAuth } from "./headers/agent-auth.ts";
export { formatContentDigest, verifyContentDigest } from "./headers/content-digest.ts";
export type { SignatureEncoding, SignatureValue } from "./headers/signature.ts";
export { formatSignature, parseSignature } from "./headers/signature.ts";
export type { SignatureInput } from "./headers/signature-input.ts";
export { formatSignatureInput, parseSignatureInput } from "./headers/signature-input.ts";
export type {
  HwkSignatureKey,
  JwksSignatureKey,
  JwksUriSignatureKey,
  JwtSignatureKey,
  ParseSignatureKeyOptions,
  SignatureKey,
} from "./headers/signature-key.ts";
export { formatSignatureKey, parseSignatureKey } from "./headers/signature-key.ts";

// signing

export { canonicalAuthority } from "./signing/authority.ts";
export type { ReplayStore } from "./signing/replay.ts";
export { createMemoryReplayStore } from "./signing/replay.ts";
export type { ReplayShare } from "./signing/replay-memory.ts";
export type { Check, CheckName, KeySource, VerificationReport } from "./signing/report.ts";
export type {
  RequestToSign,
  SignatureKeyChoice,
  SignedRequest,
  SignRequestOptions,
} from "./signing/sign-request.ts";
export { signRequest } from "./signing/sign-request.ts";
export type { SignatureBaseInput } from "./signing/signature-base.ts";
export { buildSignatureBase } from "./signing/signature-base.ts";

// explain: the table alone, for whoever writes reports down

export { CHECK_SECTIONS } from "./explain/sections.ts";

// store

export type { KeyValueStore } from "./store/key-value-store.ts";
export type { MemoryStore, MemoryStoreOptions } from "./store/memory-store.ts";
export { createMemoryStore } from "./store/memory-store.ts";
export { ownerOf } from "./store/owner-of.ts";
export type { QuotaStoreOptions } from "./store/quota-store.ts";
export { QuotaStore, StoreFullError } from "./store/quota-store.ts";

// tokens

export type { IssueAgentTokenOptions, VerifyAgentTokenOptions } from "./tokens/agent-token.ts";
export { issueAgentToken, verifyAgentToken } from "./tokens/agent-token.ts";
export type { IssueAuthTokenOptions, UserClaims, VerifyAuthTokenOptions } from "./tokens/auth-token.ts";
export { issueAuthToken, verifyAuthToken } from "./tokens/auth-token.ts";
export { decodeToken, tokenId } from "./tokens/decode-token.ts";
export type { DecodedToken } from "./tokens/jwt.ts";
export type { IssueResourceTokenOptions, VerifyResourceTokenOptions } from "./tokens/resource-token.ts";
export { issueResourceToken, verifyResourceToken } from "./tokens/resource-token.ts";
export type { PrivateKeySource, TokenSigner } from "./tokens/token-signer.ts";
export { createTokenSigner, tokenSignerOf } from "./tokens/token-signer.ts";
export type { TrustPolicy } from "./tokens/trust.ts";
export type { VerifiedTokens } from "./tokens/verified-tokens.ts";
export { createVerifiedTokens } from "./tokens/verified-tokens.ts";

// metadata

export type { DiscoveredKey, Discovery, DiscoveryKind, DiscoveryOptions } from "./metadata/discovery.ts";
export { createDiscovery } from "./metadata/discovery.ts";
export { agentMetadata, issuerMetadata, resourceMetadata } from "./metadata/documents.ts";
export type { DocumentFetchInit, DocumentTransport, FetchedDocument } from "./metadata/transport.ts";
export { isIdentifier } from "./metadata/url-guard.ts";
