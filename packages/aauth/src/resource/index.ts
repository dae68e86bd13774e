/**
 * The resource's side: verifier, requirements, challenges.
 *
 * @module
 */

export type { Refusal } from "../errors.ts";
export { formatRefusal, parseRefusal, REFUSAL_FIELD, refusalOf } from "../profiles/refusal.ts";
export type { Answer, RefusalContext, ResourceTokenGrant, TokenHolder } from "../profiles/wire-profile.ts";
export type { AnsweringProfile, Challenger, ChallengerOptions } from "./challenge.ts";
export { createChallenger, plainRefusal } from "./challenge.ts";
export { receivedFields } from "./received-fields.ts";
export { checkRequirement, meetRequirement } from "./requirement.ts";
export type {
  AcceptedProfile,
  AddressedRequest,
  PendingRequest,
  Verifier,
  VerifierOptions,
} from "./types.ts";
export { createVerifier } from "./verify-request.ts";
