import { AAuthError, formatAgentAuth, publicRefusal, type Requirement } from "aauth";
import { type Challenge, type Challenger, isCuredBySigning } from "aauth/resource";
import type { FastifyReply } from "fastify";

/** The answer to a refused request: the challenger's, or a challenge that needs no resource token. */
export async function challengeFor(
  challenger: Challenger | undefined,
  error: AAuthError,
  requirement: Requirement,
): Promise<Challenge> {
  if (challenger) return challenger.challengeFor(error, requirement);
  const level = error.code === "identity_required" ? "identified" : "pseudonymous";
  return {
    status: error.status,
    headers: {
      ...(isCuredBySigning(error) && { "agent-auth": formatAgentAuth({ level }) }),
      "content-type": "text/plain; charset=utf-8",
    },
    body: publicRefusal(error).code,
  };
}

/** Sends a refusal and ends the request. */
export function sendChallenge(reply: FastifyReply, challenge: Challenge): FastifyReply {
  return reply.code(challenge.status).headers(challenge.headers).send(challenge.body);
}

/**
 * What a failure that is not a verdict becomes: the caller learns that it was not let in, and nothing of our insides.
 */
export class VerificationUnavailableError extends Error {
  readonly statusCode = 500;
  readonly code = "verification_unavailable";

  constructor(cause: unknown) {
    super("the request could not be verified", { cause });
  }
}

export function isVerdict(error: unknown): error is AAuthError {
  return error instanceof AAuthError;
}
