/**
 * The resource's side: the gate, requirements, challenges.
 *
 * @module
 */

export type { Challenge, Challenger, ChallengerOptions, ResourceTokenGrant } from "./challenge.ts";
export { createChallenger, isCuredBySigning } from "./challenge.ts";
export type { AuthTokenHolder } from "./find-key.ts";
export { receivedFields } from "./received-fields.ts";
export { meetRequirement } from "./requirement.ts";
export type { VerifierOptions } from "./verifier-options.ts";
export type { AddressedRequest, PendingRequest, Verifier } from "./verify-request.ts";
export { createVerifier } from "./verify-request.ts";
