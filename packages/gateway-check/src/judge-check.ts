import { AAuthVerificationError, type VerifiedRequest } from "aauth";
import { acceptedAtRoute } from "agent-kit/published-peers";
import type { CheckRequest, RequiredScheme } from "./check-request.ts";
import { claimsHeader, NO_CLAIMS } from "./claims.ts";
import { isOpen } from "./open-paths.ts";
import type { ResourceVerifiers } from "./resource-verifiers.ts";

/** Why a request is let through, and what the gateway learns of its caller. */
export interface Admission {
  readonly claims: string;
  readonly because: "open" | "unsigned" | "verified";
  readonly verified?: VerifiedRequest;
}

/**
 * Judges one check. In order: the authority must be configured; open paths pass; a request with none of the three signature headers
 * passes without an identity unless the mode is strict; everything else must verify, whatever the mode, and reach the route's scheme.
 * One or two of the three headers are a broken signature, not an unsigned request (the February-2026 references, G10).
 *
 * @throws AAuthVerificationError why the request is refused
 */
export async function judgeCheck(check: CheckRequest, verifiers: ResourceVerifiers): Promise<Admission> {
  const { request, mode, requiredScheme } = check;
  const { verifier, authority } = verifiers.verifierFor(check.authority, check.toleranceSeconds);
  if (isOpen(request.method, request.target)) return { claims: NO_CLAIMS, because: "open" };
  const { signatureKey, signatureInput, signature } = verifiers.profile.messages.fields;
  const isUnsigned = [signatureKey, signatureInput, signature].every(
    (name) => request.headers[name] === undefined,
  );
  if (isUnsigned && mode !== "strict") return { claims: NO_CLAIMS, because: "unsigned" };

  // The body is not here. That the digest is covered is proven, so that the agent's own comparison counts.
  // Passed on because a caller below the level must not use up memory of nonces.
  const level = requiredScheme === "hwk" ? "pseudonymous" : "identified";
  const pending = await verifier.begin(
    { ...request, authority },
    acceptedAtRoute({ level }, verifiers.peers),
  );
  const verified = await pending.complete(undefined);
  requireScheme(verified, requiredScheme);
  return { claims: claimsHeader(verified.caller), because: "verified", verified };
}

/**
 * A route of scheme jwt wants an auth token. Nothing has failed so far for a proven caller without one: in its report the requirement,
 * the last check, has.
 */
function requireScheme({ caller, report }: VerifiedRequest, required: RequiredScheme): void {
  if (required !== "jwt" || caller.grant !== undefined) return;
  const reason = "the route's scheme asks for more than the caller has proven";
  const checks = report.checks.map((check) =>
    check.name === "requirement" ? { ...check, verdict: "failed" as const, reason } : check,
  );
  throw new AAuthVerificationError("authorization_required", reason, {
    report: { ...report, checks },
    ...(caller.agent !== undefined && { provenCaller: caller }),
  });
}
