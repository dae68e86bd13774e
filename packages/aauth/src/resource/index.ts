/**
 * The resource's side of the protocol: verifier, requirements and challenges.
 *
 * @module
 */

export type { PollingError } from "../draft-11/problem.ts";
export type { Refusal } from "../errors.ts";
export type { RefusalContext } from "../profile/answers.ts";
export { formatRefusal, parseRefusal, REFUSAL_FIELD, refusalOf } from "../profile/refusal.ts";
export type { Answer, ResourceTokenGrant } from "../profile/resource-rules.ts";
export type { Revocations, RevocationsOptions, RevokedToken } from "../profile/revocations.ts";
export { createRevocations } from "../profile/revocations.ts";
export type { TokenHolder } from "../profile/verification.ts";
export type { AuthorizationEndpointOptions, AuthorizationRequest } from "./authorization-endpoint.ts";
export { createAuthorizationEndpoint } from "./authorization-endpoint.ts";
export type { AnsweringProfile, Challenger, ChallengerOptions } from "./challenge.ts";
export { createChallenger, plainRefusal } from "./challenge.ts";
export type {
  Admission,
  BodyReader,
  Resource,
  ResourceOptions,
  ResourceRequest,
} from "./create-resource.ts";
export { createResource } from "./create-resource.ts";
export type { Deferred, DeferredOptions, OpenedRequest } from "./deferred.ts";
export { createDeferred } from "./deferred.ts";
export type { Endpoint, EndpointRequest, WellKnownDocuments } from "./endpoint.ts";
export { documentEndpoints } from "./endpoint.ts";
export type { HeldRequests, HeldRequestsOptions } from "./held-requests.ts";
export { createHeldRequests } from "./held-requests.ts";
export { receivedFields } from "./received-fields.ts";
export { checkRequirement, meetRequirement } from "./requirement.ts";
export type { RevocationEndpointOptions } from "./revocation-endpoint.ts";
export { createRevocationEndpoint } from "./revocation-endpoint.ts";
export type { Session, Sessions, SessionsOptions } from "./sessions.ts";
export { createSessions } from "./sessions.ts";
export type {
  AcceptedProfile,
  AddressedRequest,
  VerificationOutcome,
  VerifiedHead,
  Verifier,
  VerifierEvent,
  VerifierObserver,
  VerifierOptions,
} from "./types.ts";
export { createVerifier } from "./verify-request.ts";
