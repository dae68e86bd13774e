import { type AAuthErrorCode, AAuthVerificationError } from "aauth";
import { OAuthError } from "issuer-kit";

export function invalidGrant(description: string, cause?: unknown): OAuthError {
  return new OAuthError(400, "invalid_grant", description, { cause });
}

export function accessDenied(description: string): OAuthError {
  return new OAuthError(403, "access_denied", description);
}

/** The server is busy: the memory of nonces is full, or too many documents are being fetched. */
export function temporarilyUnavailable(cause: Error): OAuthError {
  return new OAuthError(503, "temporarily_unavailable", cause.message, { cause });
}

/**
 * The request has no signature, or one by a key alone where it needs an agent: the published demo
 * answers both alike.
 */
export function agentUnknown(
  code: Extract<AAuthErrorCode, "missing_signature" | "identity_required">,
): OAuthError {
  const description = "Agent identity not found.";
  return new OAuthError(401, "invalid_request", description, {
    cause: new AAuthVerificationError(code, description),
  });
}
