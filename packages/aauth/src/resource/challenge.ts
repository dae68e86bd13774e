/**
 * The answer to a request that did not pass: which status, and in `Agent-Auth` what would help.
 *
 * @module
 */

import { type AAuthError, publicRefusal } from "../errors.ts";
import { formatAgentAuth } from "../headers/agent-auth.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { requireArray } from "../keys/option-checks.ts";
import { requireIdentifier } from "../metadata/checked-options.ts";
import { PROFILE } from "../profile.ts";
import { issueResourceToken, requireResourceTokenLifetime } from "../tokens/resource-token.ts";
import type { IdentifiedAgent, Requirement, SigningKey, VerifiedAgent } from "../types.ts";
import { identityOf } from "./requirement.ts";

export interface ChallengerOptions {
  /** Signs the resource tokens. Where keys are rotated, a function or a {@link KeyRing}. */
  readonly key: SigningKey | (() => SigningKey) | KeyRing;
  /** Own resource identifier. */
  readonly resource: string;
  /** Issuer identifier of the auth server to send agents to. */
  readonly authServer: string;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /** Of a resource token. Default 300, at most 600. */
  readonly lifetimeSeconds?: number | undefined;
  /**
   * Signature algorithms to name in challenges for an identity (SPEC 4.2), for example `["ed25519"]`. Default none:
   * the reader then thinks of all standard ones.
   */
  readonly algs?: readonly string[] | undefined;
}

/** A response, ready to be sent. */
export interface Challenge {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A resource token and where it is to be presented. */
export interface ResourceTokenGrant {
  readonly resourceToken: string;
  readonly authServer: string;
  readonly expiresInSeconds: number;
}

export interface Challenger {
  /** Own resource identifier, where it says so: `createChallenger()` does. */
  readonly resource?: string;
  /**
   * The response for an error of the gate. `agent` only counts when the error does not carry a proven one.
   *
   * @throws TypeError for a requirement of level authorized without scopes: no token can be asked for nothing.
   */
  challengeFor(error: AAuthError, requirement: Requirement, agent?: VerifiedAgent): Promise<Challenge>;
  /**
   * The response for a proven caller that has used up the requests of its level (SPEC 4.5): 429, `Retry-After`, and in `Agent-Auth`
   * what would raise the limit. `raisedBy` are the scopes of an auth token that would; without them an identified caller is
   * told to wait and nothing else. Does NOT count anything.
   */
  limitReached(
    agent: VerifiedAgent,
    options: { readonly retryAfterSeconds: number; readonly raisedBy?: readonly string[] },
  ): Promise<Challenge>;
  /**
   * The resource token of a challenge without the challenge, for a proven agent that knows what it needs (SPEC 9.2.5).
   *
   * @throws TypeError without scopes.
   */
  resourceToken(
    agent: Exclude<VerifiedAgent, { level: "pseudonymous" }>,
    scopes: readonly string[],
  ): Promise<ResourceTokenGrant>;
}

/** What an auth token would cure. */
const CURED_BY_TOKEN: ReadonlySet<string> = new Set([
  "authorization_required",
  "token_expired",
  "insufficient_scope",
]);

/**
 * False where a challenge would only make the caller sign in vain: the wrong host, headers that are too large, no room to remember the
 * request, an agent that is not welcome, and whatever this service's own calls to others end with. The answer is then the error's status
 * without one.
 */
export function isCuredBySigning({ status, code }: AAuthError): boolean {
  return status === 401 || code === "insufficient_scope";
}

const LIMIT_REACHED = "Too many requests for this level";

/**
 * Creates challenges in the forms of profile 3.1. A resource token is issued only to an agent whose request
 * signature was proven; everyone else is asked for a signature or an identity and learns nothing more.
 *
 * @throws TypeError when `resource` or `authServer` is not a canonical identifier, `key` cannot sign, or `algs` is no array; RangeError
 * when `lifetimeSeconds` is not between 1 and 600.
 *
 * @example
 * const { status, headers, body } = await challenger.challengeFor(error, requirement);
 */
export function createChallenger(options: ChallengerOptions): Challenger {
  const { resource, authServer, now, lifetimeSeconds } = options;
  requireIdentifier("resource", resource);
  requireIdentifier("authServer", authServer);
  const currentKey = currentKeyOf(options.key);
  if (lifetimeSeconds !== undefined) requireResourceTokenLifetime(lifetimeSeconds);
  if (options.algs !== undefined) requireArray("algs", options.algs);
  const algs = options.algs === undefined ? {} : { algs: options.algs };

  async function authorization(
    agent: IdentifiedAgent,
    scopes: readonly string[],
    status: number,
  ): Promise<Challenge> {
    const agentAuth = formatAgentAuth({ level: "authorized", ...(await grant(agent, scopes)) });
    return response(status, agentAuth, "Authorization required");
  }

  async function grant(agent: IdentifiedAgent, scopes: readonly string[]): Promise<ResourceTokenGrant> {
    if (scopes.length === 0) throw new TypeError("a requirement of level authorized must name scopes");
    const resourceToken = await issueResourceToken({
      key: currentKey(),
      resource,
      authServer,
      agent: agent.agent,
      agentJkt: agent.thumbprint,
      scope: scopes.join(" "),
      ...(now === undefined ? {} : { now }),
      ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
    });
    const expiresInSeconds = lifetimeSeconds ?? PROFILE.resourceTokenLifetimeSeconds;
    return { resourceToken, authServer, expiresInSeconds };
  }

  return {
    resource,
    async challengeFor(error, requirement, agent) {
      const { code } = publicRefusal(error);
      if (!isCuredBySigning(error)) return response(error.status, undefined, code);
      if (CURED_BY_TOKEN.has(error.code)) {
        const proven = error.provenAgent ?? (agent?.level === "pseudonymous" ? undefined : agent);
        if (proven !== undefined && requirement.level === "authorized") {
          return authorization(identityOf(proven), requirement.scopes, error.status);
        }
      }
      const identityWanted = error.code === "identity_required" || error.provenAgent !== undefined;
      const level = identityWanted && requirement.level !== "pseudonymous" ? "identified" : "pseudonymous";
      const agentAuth = formatAgentAuth({ level, ...(level === "identified" && algs) });
      return response(401, agentAuth, `Valid AAuth signature required: ${code}`);
    },

    async limitReached(agent, { retryAfterSeconds, raisedBy = [] }) {
      const wait = { "retry-after": String(Math.max(1, Math.ceil(retryAfterSeconds))) };
      const { status, headers } =
        agent.level === "pseudonymous"
          ? response(429, formatAgentAuth({ level: "identified", ...algs }), LIMIT_REACHED)
          : raisedBy.length > 0
            ? await authorization(identityOf(agent), raisedBy, 429)
            : response(429, undefined, LIMIT_REACHED);
      return { status, headers: { ...headers, ...wait }, body: LIMIT_REACHED };
    },

    resourceToken: (agent, scopes) => grant(identityOf(agent), scopes),
  };
}

function currentKeyOf(key: ChallengerOptions["key"]): () => SigningKey {
  if (typeof key === "function") return key;
  const { current, sign } = (key ?? {}) as Partial<KeyRing & SigningKey>;
  if (typeof current === "function") return () => (key as KeyRing).current();
  if (typeof sign === "function") return () => key as SigningKey;
  throw new TypeError("key must be a signing key, a function that returns one, or a key ring");
}

function response(status: number, agentAuth: string | undefined, body: string): Challenge {
  return {
    status,
    headers: {
      ...(agentAuth === undefined ? {} : { "agent-auth": agentAuth }),
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
    },
    body,
  };
}
