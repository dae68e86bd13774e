/** A failure of the verification itself. The response does not reveal the cause. */
export class VerificationUnavailableError extends Error {
  readonly statusCode = 500;
  readonly code = "verification_unavailable";

  constructor(cause: unknown) {
    super("the request could not be verified", { cause });
  }
}
