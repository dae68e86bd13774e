/**
 * The answer to a request that did not pass: status, headers and body in the words of the wire
 * profile.
 *
 * @module
 */

import { defaultResourceProfile } from "../default-profile.ts";
import { requireIdentifier } from "../discovery/checked-options.ts";
import { type AAuthError, AAuthVerificationError } from "../errors.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { AnswerWriter, RefusalContext } from "../profile/answers.ts";
import { withRefusal } from "../profile/refusal.ts";
import type { Answer, ResourceTokenGrant } from "../profile/resource-rules.ts";
import type { ResourceProfile } from "../profile/wire-profile.ts";
import type { ProvenCaller, Requirement, SigningKey } from "../types.ts";
import { requirementFor } from "./requirement.ts";

/** Who writes refusals in one profile, and in whose name. */
export interface AnsweringProfile {
  /** Signs the resource tokens. Where keys are rotated, a function or a {@link KeyRing}. */
  readonly key: SigningKey | (() => SigningKey) | KeyRing;
  /** Own resource identifier. */
  readonly resource: string;
  /**
   * Issuer identifier of the auth server to send agents to: in draft -11 the resource's own access
   * server. Default: none, and resource tokens are for the person server of each caller's person; a
   * dialect without person servers needs one.
   */
  readonly authServer?: string | undefined;
  /** Default `draft11`. */
  readonly profile?: ResourceProfile | undefined;
  /** Lifetime of a resource token. Default 300, at most 600; in draft -11 300. */
  readonly lifetimeSeconds?: number | undefined;
  /**
   * Signature algorithms to name in challenges for an identity (SPEC 4.2), for example
   * `["ed25519"]`. Default none: the reader then assumes all standard ones.
   */
  readonly algs?: readonly string[] | undefined;
  /**
   * Draft -11: `scope_descriptions` of the resource's document. No resource token is issued for
   * another scope than these and those of OpenID Connect (section 11.10). Default: not checked.
   */
  readonly scopeDescriptions?: Readonly<Record<string, string>> | undefined;
}

/** Whose resource tokens are issued, for which auth server, and in which dialects. */
export interface ChallengerOptions extends AnsweringProfile {
  /** Further dialects, as the verifier's `accept`. Default none. */
  readonly accept?: readonly AnsweringProfile[] | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/** Writes the answers of one resource. */
export interface Challenger {
  /** Own resource identifier, where it says so: `createChallenger()` does. */
  readonly resource?: string;
  /**
   * The response for an error of the verifier, in the profile of the message. What is unsigned, or
   * in a profile that the route does not accept, gets the challenges of all that it does. It
   * carries {@link REFUSAL_FIELD}.
   *
   * @throws TypeError for a requirement of level authorized without scopes: no token can be asked
   * for nothing.
   */
  challengeFor(error: AAuthError, context: RefusalContext): Promise<Answer>;
  /**
   * The response for a proven caller that has used up the requests of its level (SPEC 4.5): 429,
   * `Retry-After`, and what would raise the limit. `raisedBy` are the scopes of an auth token that
   * would; without them an identified caller only learns how long to wait. Does NOT count anything.
   */
  limitReached(
    caller: ProvenCaller,
    options: { readonly retryAfterSeconds: number; readonly raisedBy?: readonly string[] },
  ): Promise<Answer>;
  /**
   * The resource token of a challenge without the challenge, for a proven agent that knows what it
   * needs (SPEC 9.2.5).
   *
   * @param account of the resource, that the token is to be for, in profiles that have accounts
   * @throws TypeError without scopes, and for a caller that has proven no identity; in draft -11,
   * no person, and for a scope that `scopeDescriptions` does not have.
   */
  resourceToken(
    caller: ProvenCaller,
    scopes: readonly string[],
    account?: string,
  ): Promise<ResourceTokenGrant>;
  /**
   * Checks a requirement before the first request, as resource tokens are when they are issued.
   *
   * @throws TypeError for a scope that `scopeDescriptions` does not have
   */
  checkRequirement?(requirement: Requirement<string>): void;
}

/**
 * Creates challenges. A resource token is issued only to an agent whose request signature was
 * proven; every other caller is asked for a signature or an identity and learns nothing more.
 *
 * @throws TypeError when `resource` or `authServer` is not a canonical identifier, or the profile
 * needs an `authServer` and there is none.
 * @throws RangeError when `lifetimeSeconds` is not between 1 and 600, in draft -11 300.
 *
 * @example
 * const { status, headers, body } = await challenger.challengeFor(error, { requirement });
 */
export function createChallenger(options: ChallengerOptions): Challenger {
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const writers = [options, ...(options.accept ?? [])].map((answering) => writerOf(answering, now));
  const writerFor = ({ profile }: ProvenCaller) =>
    (writers.find((writer) => writer.profile.name === profile) ?? writers[0]!).answers;
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
        await writerFor(caller).limitReached(caller, { retryAfterSeconds, raisedBy }),
        LIMIT_REACHED,
      ),
    checkRequirement(requirement) {
      for (const { profile, answers } of writers) {
        const { scopes } = requirementFor(profile, requirement) ?? {};
        if (scopes !== undefined) answers.checkScopes?.(scopes);
      }
    },
    resourceToken: (caller, scopes, account) => writerFor(caller).resourceToken(caller, scopes, account),
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
  const key = currentKeyOf(options.key);
  return {
    profile,
    answers: profile.answers.create({
      ...{ key, resource, authServer, now, lifetimeSeconds, algs, scopeDescriptions },
    }),
  };
}

function currentKeyOf(key: ChallengerOptions["key"]): () => SigningKey {
  if (typeof key === "function") return key;
  return "current" in key ? () => key.current() : () => key;
}

/**
 * Those whose profile an answer is written in, each with the alternative of the requirement that
 * counts for it.
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

/** Says nothing of the profile that its sender would have to use. */
const IN_NO_PROFILE: ReadonlySet<string> = new Set(["missing_signature", "profile_not_accepted"]);

/** Status and body of the first, and the headers of all. */
const merged = (answers: readonly Answer[]): Answer => ({
  ...answers[0]!,
  headers: Object.assign({}, ...answers.map(({ headers }) => headers).reverse()),
});

const LIMIT_REACHED = new AAuthVerificationError("limit_reached", "too many requests for this level");

/**
 * The response for an error of the verifier where no resource tokens are issued: the challenge for
 * a signature or an identity.
 *
 * @param profiles those that the verifier accepts; default `draft11`
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
