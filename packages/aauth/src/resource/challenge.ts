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
import type { AnswerWriter, RefusalContext } from "../profile/answers.ts";
import { withRefusal } from "../profile/refusal.ts";
import type { Answer, ResourceTokenGrant } from "../profile/resource-rules.ts";
import type { ResourceProfile } from "../profile/wire-profile.ts";
import type { ProvenCaller, Requirement, SigningKey } from "../types.ts";
import { requirementFor } from "./requirement.ts";

/** Options for the refusals of one profile. */
export interface AnsweringProfile {
  /** Signs the resource tokens. */
  readonly key: SigningKey | KeyRing;
  /** Identifier of the resource. */
  readonly resource: string;
  /**
   * Issuer identifier of the auth server for agents; in draft -11 the resource's access server.
   * Default: none, so that resource tokens are for the person server of each caller's person.
   * Required in a dialect without person servers.
   */
  readonly authServer?: string | undefined;
  /** Default `draft11`. */
  readonly profile?: ResourceProfile | undefined;
  /** Lifetime of a resource token. Default 300, at most 600; in draft -11 300. */
  readonly lifetimeSeconds?: number | undefined;
  /**
   * Signature algorithms listed in challenges for an identity, for example
   * `["ed25519"]`. Default: none; the agent then assumes all standard ones.
   */
  readonly algs?: readonly string[] | undefined;
  /**
   * Draft -11: `scope_descriptions` of the resource's document. Resource tokens are issued only for
   * these scopes and those of OpenID Connect (section 11.10). Default: not checked.
   */
  readonly scopeDescriptions?: Readonly<Record<string, string>> | undefined;
}

/** Options of a challenger. */
export interface ChallengerOptions extends AnsweringProfile {
  /** Additional dialects, like the verifier's `accept`. Default: none. */
  readonly accept?: readonly AnsweringProfile[] | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/** Writes the refusals and challenges of one resource. */
export interface Challenger {
  /** Identifier of the resource. `createChallenger()` sets it. */
  readonly resource?: string;
  /**
   * The response for an error of the verifier, in the profile of the message. An unsigned message,
   * or one in a profile that the route does not accept, gets the challenges of all accepted
   * profiles. The response has the header {@link REFUSAL_FIELD}.
   *
   * @throws TypeError for a requirement of level authorized without scopes
   */
  challengeFor(error: AAuthError, context: RefusalContext): Promise<Answer>;
  /**
   * The response for a verified caller that exceeds the request limit of its level: 429
   * with `Retry-After`, and a challenge that would raise the limit. `raisedBy` are the scopes of an
   * auth token with a higher limit; without them, an identified caller gets no challenge. Does NOT
   * count requests.
   */
  limitReached(
    caller: ProvenCaller,
    options: { readonly retryAfterSeconds: number; readonly raisedBy?: readonly string[] },
  ): Promise<Answer>;
  /**
   * Issues a resource token without a challenge, for a verified agent that knows the scopes it
   * needs.
   *
   * @param account account at the resource, in profiles that have accounts
   * @throws TypeError without scopes, and for a caller that has not proven an identity; in draft
   *   -11, one that has not presented a person, and a scope without an entry in `scopeDescriptions`
   */
  resourceToken(
    caller: ProvenCaller,
    scopes: readonly string[],
    account?: string,
  ): Promise<ResourceTokenGrant>;
  /**
   * Checks the scopes of a requirement before the first request.
   *
   * @throws TypeError for a scope without an entry in `scopeDescriptions`
   */
  checkRequirement?(requirement: Requirement<string>): void;
}

/**
 * Creates a challenger. It issues a resource token only to an agent with a verified signature; any
 * other caller is asked for a signature or an identity.
 *
 * @throws TypeError if `resource` or `authServer` is not a canonical identifier, or the profile
 *   requires a missing `authServer`
 * @throws RangeError for a `lifetimeSeconds` outside 1 to 600; in draft -11, 1 to 300
 *
 * @example
 * const { status, headers, body } = await challenger.challengeFor(error, { requirement });
 */
export function createChallenger(options: ChallengerOptions): Challenger {
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const writers = [options, ...(options.accept ?? [])].map((answering) => writerOf(answering, now));
  const writerFor = ({ profile }: ProvenCaller) =>
    writers.find((writer) => writer.profile.name === profile) ?? writers[0]!;
  return {
    resource: options.resource,
    async challengeFor(error, context) {
      const answers = addressed(error, context, writers).map(([{ answers }, own]) =>
        answers.refuse(error, own),
      );
      return withRefusal(merged(await Promise.all(answers)), error);
    },
    limitReached: async (caller, { retryAfterSeconds, raisedBy = [] }) =>
      withRefusal(
        await writerFor(caller).answers.limitReached(caller, { retryAfterSeconds, raisedBy }),
        limitError(writerFor(caller).profile),
      ),
    checkRequirement(requirement) {
      for (const { profile, answers } of writers) {
        const { scopes } = requirementFor(profile, requirement) ?? {};
        if (scopes !== undefined) answers.checkScopes?.(scopes);
      }
    },
    resourceToken: (caller, scopes, account) =>
      writerFor(caller).answers.resourceToken(caller, scopes, account),
  };
}

interface Writer {
  readonly profile: ResourceProfile;
  readonly answers: AnswerWriter;
}

function writerOf(options: AnsweringProfile, now: () => number): Writer {
  const {
    resource,
    authServer,
    lifetimeSeconds,
    algs,
    scopeDescriptions,
    profile = defaultResourceProfile,
  } = options;
  requireIdentifier("resource", resource, profile);
  if (authServer !== undefined) requireIdentifier("authServer", authServer, profile);
  const ring = keyRingOf(options.key);
  return {
    profile,
    answers: profile.answers.create({
      ...{ key: () => ring.current(), resource, authServer, now, lifetimeSeconds, algs, scopeDescriptions },
    }),
  };
}

/**
 * Selects the parties whose profiles the response uses, each with the applicable alternative of the
 * requirement.
 */
function addressed<Party extends { readonly profile: ResourceProfile }>(
  error: AAuthError,
  context: RefusalContext,
  parties: readonly Party[],
): readonly (readonly [Party, RefusalContext])[] {
  const accepted = parties.flatMap((party) => {
    const requirement = requirementFor(party.profile, context.requirement);
    return requirement === undefined ? [] : [[party, { ...context, requirement }] as const];
  });
  const { report, provenCaller = context.caller } = error as Partial<AAuthVerificationError>;
  const name = report?.profile ?? provenCaller?.profile;
  const own = accepted.filter(([{ profile }]) => profile.name === name && !IN_NO_PROFILE.has(error.code));
  if (own.length > 0) return own;
  return accepted.length > 0 ? accepted : [[parties[0]!, context]];
}

/** Errors that do not determine the profile of the message. */
const IN_NO_PROFILE: ReadonlySet<string> = new Set(["missing_signature", "profile_not_accepted"]);

/** Combines responses: status and body of the first, and the headers of all. */
const merged = (answers: readonly Answer[]): Answer => ({
  ...answers[0]!,
  headers: Object.assign({}, ...answers.map(({ headers }) => headers).reverse()),
});

const limitError = ({ sectionOf }: ResourceProfile) =>
  new AAuthVerificationError("limit_reached", "too many requests for this level", {
    section: sectionOf("limit_reached"),
  });

/**
 * The response for an error of a verifier that issues no resource tokens: a challenge for a
 * signature or an identity.
 *
 * @param profiles the verifier's profiles; default `draft11`
 */
export function plainRefusal(
  error: AAuthError,
  context: RefusalContext,
  profiles: readonly ResourceProfile[] = [defaultResourceProfile],
): Answer {
  const parties = profiles.map((profile) => ({ profile }));
  const answers = addressed(error, context, parties).map(([{ profile }, own]) =>
    profile.answers.refuse(error, own),
  );
  return withRefusal(merged(answers), error);
}
