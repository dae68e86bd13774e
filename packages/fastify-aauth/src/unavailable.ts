import { AAuthVerificationError, type Requirement } from "aauth";
import { type Answer, type Challenger, plainRefusal, type Verifier } from "aauth/resource";

/** The answer to a refused request: the challenger's, or a challenge that needs no resource token. */
export async function answerTo(
  { challenger, verifier }: { readonly challenger: Challenger | undefined; readonly verifier: Verifier },
  error: AAuthVerificationError,
  requirement: Requirement,
): Promise<Answer> {
  return challenger === undefined
    ? plainRefusal(error, { requirement }, verifier.profiles)
    : challenger.challengeFor(error, { requirement });
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

export function isVerdict(error: unknown): error is AAuthVerificationError {
  return error instanceof AAuthVerificationError;
}
