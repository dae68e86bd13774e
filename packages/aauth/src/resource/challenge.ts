/**
 * The answer to a request that did not pass: status, headers and body in the words of the wire profile.
 *
 * @module
 */

import { requireIdentifier } from "../discovery/checked-options.ts";
import type { AAuthError } from "../errors.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { requireArray } from "../keys/option-checks.ts";
import { february2026 } from "../profiles/february-2026/index.ts";
import type { Answer, RefusalContext, ResourceTokenGrant, WireProfile } from "../profiles/wire-profile.ts";
import type { ProvenCaller, SigningKey } from "../types.ts";
import { withRefusal } from "./refusal.ts";

/** Whose resource tokens are issued, and for which auth server. */
export interface ChallengerOptions {
  /** Signs the resource tokens. Where keys are rotated, a function or a {@link KeyRing}. */
  readonly key: SigningKey | (() => SigningKey) | KeyRing;
  /** Own resource identifier. */
  readonly resource: string;
  /** Issuer identifier of the auth server to send agents to. */
  readonly authServer: string;
  /** Default `february2026`. */
  readonly profile?: WireProfile | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** Of a resource token, seconds. Default 300, at most 600. */
  readonly lifetimeSeconds?: number | undefined;
  /**
   * Signature algorithms to name in challenges for an identity (SPEC 4.2), for example `["ed25519"]`. Default none: the reader then
   * assumes all standard ones.
   */
  readonly algs?: readonly string[] | undefined;
}

/** Writes the answers of one resource. */
export interface Challenger {
  /** Own resource identifier, where it says so: `createChallenger()` does. */
  readonly resource?: string;
  /**
   * The response for an error of the verifier. It carries {@link REFUSAL_FIELD}.
   *
   * @throws TypeError for a requirement of level authorized without scopes: no token can be asked for nothing.
   */
  challengeFor(error: AAuthError, context: RefusalContext): Promise<Answer>;
  /**
   * The response for a proven caller that has used up the requests of its level (SPEC 4.5): 429, `Retry-After`, and what would raise the
   * limit. `raisedBy` are the scopes of an auth token that would; without them an identified caller only learns how long to wait. Does
   * NOT count anything.
   */
  limitReached(
    caller: ProvenCaller,
    options: { readonly retryAfterSeconds: number; readonly raisedBy?: readonly string[] },
  ): Promise<Answer>;
  /**
   * The resource token of a challenge without the challenge, for a proven agent that knows what it needs (SPEC 9.2.5).
   *
   * @throws TypeError without scopes, and for a caller that has proven no identity.
   */
  resourceToken(caller: ProvenCaller, scopes: readonly string[]): Promise<ResourceTokenGrant>;
}

/**
 * Creates challenges. A resource token is issued only to an agent whose request signature was proven; every other caller is asked for a
 * signature or an identity and learns nothing more.
 *
 * @throws TypeError when `resource` or `authServer` is not a canonical identifier, `key` cannot sign, or `algs` is not an array.
 * @throws RangeError when `lifetimeSeconds` is not between 1 and 600.
 *
 * @example
 * const { status, headers, body } = await challenger.challengeFor(error, { requirement });
 */
export function createChallenger(options: ChallengerOptions): Challenger {
  const { resource, authServer, lifetimeSeconds, algs, profile = february2026 } = options;
  requireIdentifier("resource", resource);
  requireIdentifier("authServer", authServer);
  const key = currentKeyOf(options.key);
  if (algs !== undefined) requireArray("algs", algs);
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const answers = profile.answers.create({ key, resource, authServer, now, lifetimeSeconds, algs });
  return {
    resource,
    challengeFor: async (error, context) => withRefusal(await answers.refuse(error, context), error),
    limitReached: async (caller, { retryAfterSeconds, raisedBy = [] }) =>
      answers.limitReached(caller, { retryAfterSeconds, raisedBy }),
    resourceToken: (caller, scopes) => answers.resourceToken(caller, scopes),
  };
}

/**
 * The response for an error of the verifier where no resource tokens are issued: the profile's challenge for a signature or an identity.
 *
 * @param profile default `february2026`
 */
export function plainRefusal(
  error: AAuthError,
  context: RefusalContext,
  profile: WireProfile = february2026,
): Answer {
  return withRefusal(profile.answers.refuse(error, context), error);
}

function currentKeyOf(key: ChallengerOptions["key"]): () => SigningKey {
  if (typeof key === "function") return key;
  const { current, sign } = (key ?? {}) as Partial<KeyRing & SigningKey>;
  if (typeof current === "function") return () => (key as KeyRing).current();
  if (typeof sign === "function") return () => key as SigningKey;
  throw new TypeError("key must be a signing key, a function that returns one, or a key ring");
}
