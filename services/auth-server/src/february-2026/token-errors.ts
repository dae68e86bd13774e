import { type AAuthErrorCode, AAuthVerificationError } from "aauth";
import { OAuthError } from "issuer-kit";

export function invalidGrant(description: string, cause?: unknown): OAuthError {
  return new OAuthError(400, "invalid_grant", description, { cause });
}

export function accessDenied(description: string): OAuthError {
  return new OAuthError(403, "access_denied", description);
}

/** Error of a busy server: the nonce store is full, or too many documents are being fetched. */
export function temporarilyUnavailable(cause: Error): OAuthError {
  return new OAuthError(503, "temporarily_unavailable", cause.message, { cause });
}

/**
 * Error for a request that has no signature, or is signed with a bare key but needs an agent. The
 * published demo answers both in the same way.
 */
export function agentUnknown(
  code: Extract<AAuthErrorCode, "missing_signature" | "identity_required">,
): OAuthError {
  const description = "Agent identity not found.";
  return new OAuthError(401, "invalid_request", description, {
    cause: new AAuthVerificationError(code, description),
  });
}
