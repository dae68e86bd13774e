/**
 * Responses to refused requests: status, headers and body as defined by the wire profile.
 *
 * @module
 */

import { defaultResourceProfile } from "../default-profile.ts";
import { requireIdentifier } from "../discovery/checked-options.ts";
import { type AAuthError, AAuthVerificationError } from "../errors.ts";
import { keyRingOf } from "../keys/key-option.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { AnswerWriter } from "../profile/answers.ts";
import { withRefusal } from "../profile/refusal.ts";
import type { Answer, ResourceIdentity } from "../profile/resource-rules.ts";
import type { ResourceProfile } from "../profile/wire-profile.ts";
import type { ProvenCaller, Requirement, SigningKey } from "../types.ts";
import { requirementFor } from "./requirement.ts";

/** Options of a challenger. */
export interface ChallengerOptions
  extends Pick<ResourceIdentity, "resource" | "accessServer" | "scopeDescriptions"> {
  /** Signs the resource tokens. */
  readonly key: SigningKey | KeyRing;
  /** Default `draft11`. */
  readonly profile?: ResourceProfile | undefined;
  readonly now?: (() => number) | undefined;
}

/** Writes the refusals and challenges of one resource. */
export interface Challenger extends Pick<AnswerWriter, "resourceToken"> {
  /**
   * The response for an error of the verifier, by the alternative of the requirement for the
   * profile. It has the header {@link REFUSAL_FIELD}.
   *
   * @throws TypeError for a requirement of level authorized without scopes
   */
  challengeFor(error: AAuthError, requirement: Requirement<string>): Promise<Answer>;
  /** As `limitReached` of a resource. */
  limitReached(
    caller: ProvenCaller,
    options: { readonly retryAfterSeconds: number; readonly raisedBy?: readonly string[] | undefined },
  ): Promise<Answer>;
  /** @throws TypeError for a scope without an entry in `scopeDescriptions` */
  checkRequirement(requirement: Requirement<string>): void;
}

/**
 * Creates a challenger. It issues a resource token only to an agent with a verified signature; any
 * other caller is asked for a signature or an identity.
 *
 * @throws TypeError if `resource` or `accessServer` is not a canonical identifier
 */
export function createChallenger(options: ChallengerOptions): Challenger {
  const { resource, accessServer, scopeDescriptions } = options;
  const { profile = defaultResourceProfile, now = () => Math.floor(Date.now() / 1000) } = options;
  requireIdentifier("resource", resource, profile);
  if (accessServer !== undefined) requireIdentifier("accessServer", accessServer, profile);
  const ring = keyRingOf(options.key);
  const answers = profile.answers.create({
    key: () => ring.current(),
    resource,
    accessServer,
    now,
    scopeDescriptions,
  });
  return {
    async challengeFor(error, requirement) {
      const own = requirementFor(profile, requirement) ?? requirement;
      return withRefusal(await answers.refuse(error, own), error, profile);
    },
    async limitReached(caller, { retryAfterSeconds, raisedBy = [] }) {
      const answer = await answers.limitReached(caller, { retryAfterSeconds, raisedBy });
      const reason = "too many requests for this level";
      return withRefusal(answer, new AAuthVerificationError("limit_reached", reason), profile);
    },
    checkRequirement(requirement) {
      const { scopes } = requirementFor(profile, requirement) ?? {};
      if (scopes !== undefined) answers.checkScopes?.(scopes);
    },
    resourceToken: (...request) => answers.resourceToken(...request),
  };
}

/**
 * Selects the parties whose profiles the response uses, each with the applicable alternative of the
 * requirement.
 */
function addressed<Party extends { readonly profile: ResourceProfile }>(
  error: AAuthError,
  requirement: Requirement<string>,
  parties: readonly Party[],
): readonly (readonly [Party, Requirement<string>])[] {
  const accepted = parties.flatMap((party) => {
    const own = requirementFor(party.profile, requirement);
    return own === undefined ? [] : [[party, own] as const];
  });
  const { report, provenCaller } = error as Partial<AAuthVerificationError>;
  const name = report?.profile ?? provenCaller?.profile;
  const own = accepted.filter(([{ profile }]) => profile.name === name && !IN_NO_PROFILE.has(error.code));
  if (own.length > 0) return own;
  return accepted.length > 0 ? accepted : [[parties[0]!, requirement]];
}

/** Errors that do not determine the profile of the message. */
const IN_NO_PROFILE: ReadonlySet<string> = new Set(["missing_signature", "profile_not_accepted"]);

/** Combines responses: status and body of the first, and the headers of all. */
const merged = (answers: readonly Answer[]): Answer => ({
  ...answers[0]!,
  headers: Object.assign({}, ...answers.map(({ headers }) => headers).reverse()),
});

/**
 * The response for an error of a verifier that issues no resource tokens: a challenge for a
 * signature or an identity.
 *
 * @param profiles the verifier's profiles; default `draft11`
 */
export function plainRefusal(
  error: AAuthError,
  requirement: Requirement<string>,
  profiles: readonly ResourceProfile[] = [defaultResourceProfile],
): Answer {
  const parties = profiles.map((profile) => ({ profile }));
  const found = addressed(error, requirement, parties);
  const answers = found.map(([{ profile }, own]) => profile.answers.refuse(error, own));
  return withRefusal(merged(answers), error, found[0]![0].profile);
}
