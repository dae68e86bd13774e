/**
 * Judges a challenge before it is followed (profile 3.4).
 *
 * @module
 */

import { fieldOf } from "../discovery/direct-response.ts";
import { AAuthError } from "../errors.ts";
import { PROFILE } from "../profile.ts";
import {
  type AgentAuth,
  type AuthorizationChallenge,
  parseAgentAuth,
} from "../profiles/february-2026/agent-auth.ts";
import { checkResourceClaims, readResourceClaims } from "../profiles/february-2026/resource-token.ts";
import { checkHeader } from "../tokens/claim-checks.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import type { ResourceTokenClaims } from "../types.ts";

const CHALLENGE_STATUS: ReadonlySet<number> = new Set([401, 403, 429]);

/**
 * The challenge of a response, if it has one: 401, 403 or 429 with `Agent-Auth`. A 429 is an answer by itself; where its challenge is
 * of no use to this agent it counts as one without.
 *
 * @throws AAuthError `malformed_challenge`; `unsupported_algorithm` when the resource takes none of this agent's algorithms.
 */
export function challengeOf(response: Response): AgentAuth | undefined {
  if (!CHALLENGE_STATUS.has(response.status)) return undefined;
  const value = fieldOf(response, PROFILE.headers.agentAuth);
  if (value === null) return undefined;
  try {
    const challenge = parseAgentAuth(value);
    const { algs } = challenge;
    if (algs !== undefined && !PROFILE.signatureAlgorithms.some((name) => algs.includes(name))) {
      throw new AAuthError(
        "unsupported_algorithm",
        "the resource takes none of the algorithms this agent signs with",
      );
    }
    return challenge;
  } catch (error) {
    if (response.status === 429) return undefined;
    throw error;
  }
}

/** An authorization challenge that may be followed. */
export interface TrustedChallenge {
  readonly authServer: string;
  readonly resourceToken: string;
  readonly claims: ResourceTokenClaims;
}

export interface ChallengeExpectation {
  readonly trustedAuthServers: readonly string[];
  /** Identifier of the resource that was called. */
  readonly resource: string;
  /** Own identifier. */
  readonly agent: string;
  /** Thumbprint of the key that signed the challenged request. */
  readonly thumbprint: string;
  readonly now: number;
}

/**
 * Refuses to carry a resource token that another resource, another agent or another key is named in, or to an auth
 * server that is not trusted: a resource could otherwise use this agent to get tokens for itself.
 *
 * Does NOT verify the resource token's signature: the auth server does.
 *
 * @throws AAuthError `malformed_challenge` when there is no readable resource token, `challenge_untrusted`.
 */
export function checkChallenge(
  { authServer, resourceToken }: AuthorizationChallenge,
  expected: ChallengeExpectation,
): TrustedChallenge {
  if (!expected.trustedAuthServers.includes(authServer)) {
    throw untrusted("it names an auth server this agent does not trust");
  }
  const claims = readClaims(resourceToken);
  if (claims.iss !== expected.resource) throw untrusted("its resource token is another resource's");
  try {
    const { agent, thumbprint: agentJkt, now } = expected;
    checkResourceClaims(claims, { audience: authServer, agent, agentJkt }, now);
  } catch (error) {
    throw untrusted(error instanceof Error ? error.message : "its resource token is of no use", error);
  }
  return { authServer, resourceToken, claims };
}

function readClaims(resourceToken: string): ResourceTokenClaims {
  try {
    const decoded = decodeJwt(resourceToken);
    checkHeader(decoded, PROFILE.tokenTypes.resource);
    return readResourceClaims(decoded);
  } catch (error) {
    throw new AAuthError("malformed_challenge", "the challenge's resource token cannot be read", {
      cause: error,
    });
  }
}

function untrusted(reason: string, cause?: unknown): AAuthError {
  return new AAuthError("challenge_untrusted", `the challenge is not followed: ${reason}`, { cause });
}
