/**
 * AAuth for both agents and resources. `aauth/agent` and `aauth/resource` are the two sides;
 * `aauth/server` has a person server, an access server and the issuance of tokens; `aauth/wire` is
 * for dialects and tools, and entry points named after a dialect contain one each; `aauth/testing`
 * has messages and peers for tests.
 *
 * @module
 */

// errors, types, profiles

export type {
  AgentTokenClaims,
  AuthTokenClaims,
  PersonTokenClaims,
  ResourceTokenClaims,
} from "./draft-11/claims.ts";
export type {
  AccessServerMetadata,
  AgentProviderMetadata,
  PersonServerMetadata,
  ResourceMetadata,
} from "./draft-11/documents.ts";
export type { Draft11Level } from "./draft-11/names.ts";
export { draft11 } from "./draft-11/profile.ts";
export type {
  AAuthErrorCode,
  AAuthErrorOptions,
  AAuthVerificationErrorOptions,
} from "./errors.ts";
export {
  AAuthAgentError,
  AAuthError,
  AAuthVerificationError,
  ERROR_CODES,
  publicRefusal,
  StillWaitingError,
  StoreUnavailableError,
  TokenRejectedError,
  TokenRequestError,
} from "./errors.ts";
export type { Check, CheckName, KeySource, VerificationReport } from "./http-signatures/report.ts";
export type { AAuthEvent, Observer } from "./profile/events.ts";
export { observerOf } from "./profile/events.ts";
export type { EndpointRole, SignatureKeyScheme } from "./profile/messages.ts";
export type { NamedToken, RevocationCheck } from "./profile/verification.ts";
export type { AgentProfile, ResourceProfile, SigningProfile, WireProfile } from "./profile/wire-profile.ts";
export type * from "./types.ts";

// keys

export { toJwks } from "./keys/jwks.ts";
export type { HeldKey, KeyRing, KeyRingOptions } from "./keys/key-ring.ts";
export { createKeyRing } from "./keys/key-ring.ts";
export type { PrivateJwk } from "./keys/signing-key.ts";
export { generateSigningKey, importSigningKey } from "./keys/signing-key.ts";
export { jwkThumbprint } from "./keys/thumbprint.ts";

// messages

export type { RequestToSign, SignedRequest, SignRequestOptions } from "./agent/sign-request.ts";
export { signRequest } from "./agent/sign-request.ts";
export { canonicalAuthority } from "./http-signatures/authority.ts";

// stores

export type {
  ClaimQuota,
  ClaimStore,
  ClaimTerms,
} from "./store/claim-store.ts";
export { ownerOf, ownerOfCaller } from "./store/owner-of.ts";
export type { QuotaStoreOptions } from "./store/quota-store.ts";
export { QuotaStore, StoreFullError } from "./store/quota-store.ts";
export type {
  RecordStore,
  RecordTerms,
  StoredRecord,
} from "./store/record-store.ts";
export type { StoreBounds, Stores } from "./store/stores.ts";
export { createMemoryStores } from "./store/stores.ts";

// tokens

export { decodeToken, tokenId } from "./tokens/decode-token.ts";
export type { DecodedToken } from "./tokens/jwt.ts";
export type { TrustPolicy } from "./tokens/trust.ts";

// discovery

export type { AddressMap, PartyAddress } from "./discovery/address-map.ts";
export { createAddressMap } from "./discovery/address-map.ts";
export { createDiscovery, type DiscoveryOptions } from "./discovery/create-discovery.ts";
export type { DiscoveredKey, Discovery, DiscoveryKind } from "./discovery/discovery.ts";
export { readAtMost } from "./discovery/read-at-most.ts";
export type { DocumentFetchInit, DocumentTransport, FetchedDocument } from "./discovery/transport.ts";
export { agentProviderMetadata } from "./draft-11/documents.ts";
