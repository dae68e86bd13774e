/** A failure that is not a verdict: the caller learns that it was refused, but not the cause. */
export class VerificationUnavailableError extends Error {
  readonly statusCode = 500;
  readonly code = "verification_unavailable";

  constructor(cause: unknown) {
    super("the request could not be verified", { cause });
  }
}
