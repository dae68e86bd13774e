/**
 * The resource's side of the protocol: verifier, requirements and challenges.
 *
 * @module
 */

export type { PollingError } from "../draft-11/problem.ts";
export type { Refusal } from "../errors.ts";
export { formatRefusal, parseRefusal, REFUSAL_FIELD, refusalOf } from "../profile/refusal.ts";
export type { Answer, ResourceTokenGrant } from "../profile/resource-rules.ts";
export type { AuthorizationPolicy, AuthorizationRequest } from "./authorization-endpoint.ts";
export { plainRefusal } from "./challenge.ts";
export type {
  Admission,
  BodyReader,
  Resource,
  ResourceOptions,
  ResourceRequest,
} from "./create-resource.ts";
export { admitWith, createResource } from "./create-resource.ts";
export type { DeferredOptions, DeferredRequests, OpenedRequest } from "./deferred.ts";
export type { Endpoint, EndpointRequest, WellKnownDocuments } from "./endpoint.ts";
export { documentEndpoints } from "./endpoint.ts";
export { receivedFields } from "./received-fields.ts";
export type { Sessions, SessionsOptions } from "./sessions.ts";
export type {
  AcceptedProfile,
  AddressedRequest,
  Verifier,
  VerifierOptions,
} from "./types.ts";
export { createVerifier } from "./verify-request.ts";
