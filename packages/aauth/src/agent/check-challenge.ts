/**
 * Judges a challenge before it is followed (profile 3.4).
 *
 * @module
 */

import { AAuthError } from "../errors.ts";
import { type AgentAuth, parseAgentAuth } from "../headers/agent-auth.ts";
import { PROFILE } from "../profile.ts";
import { checkHeader } from "../tokens/claim-checks.ts";
import { decodeJwt } from "../tokens/jwt.ts";
import { checkResourceClaims, readResourceClaims } from "../tokens/resource-token.ts";
import type { ResourceTokenClaims } from "../types.ts";

/** The challenge of a response, if it has one: 401 or 403 with `Agent-Auth`. */
export function challengeOf(response: Response): AgentAuth | undefined {
  if (response.status !== 401 && response.status !== 403) return undefined;
  const value = response.headers.get(PROFILE.headers.agentAuth);
  return value === null ? undefined : parseAgentAuth(value);
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
export function checkChallenge(challenge: AgentAuth, expected: ChallengeExpectation): TrustedChallenge {
  const { authServer, resourceToken } = challenge;
  if (authServer === undefined || resourceToken === undefined) {
    throw new AAuthError("malformed_challenge", "the challenge lacks resource_token or auth_server");
  }
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
