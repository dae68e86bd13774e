import { AAuthVerificationError, type VerificationReport, type VerifiedRequest } from "aauth";
import type { CheckRequest } from "./check-request.ts";
import { claimsHeader, NO_CLAIMS } from "./claims.ts";
import { isOpen } from "./open-paths.ts";
import { type Refusal, refusalBelowScheme, refusalOf } from "./refusal.ts";
import type { ResourceVerifiers } from "./resource-verifiers.ts";

/** What a check comes to. */
export type Decision =
  | {
      readonly allowed: true;
      readonly claims: string;
      readonly because: "open" | "unsigned";
    }
  | {
      readonly allowed: true;
      readonly claims: string;
      readonly because: "verified";
      readonly verified: VerifiedRequest;
    }
  | {
      readonly allowed: false;
      readonly refusal: Refusal;
      readonly report?: VerificationReport;
      /** What was thrown, where something was: nothing is where a proven caller is below the route's scheme. */
      readonly cause?: unknown;
      readonly verified?: VerifiedRequest;
    };

/**
 * Judges one check. In order: the authority must be configured; open paths pass; a request with none of the three signature headers
 * passes without an identity unless the mode is strict; everything else must verify, whatever the mode, and reach the route's scheme.
 * One or two of the three headers are a broken signature, not an unsigned request (the February-2026 references, G10).
 */
export async function judgeCheck(check: CheckRequest, verifiers: ResourceVerifiers): Promise<Decision> {
  try {
    const { request, mode, requiredScheme } = check;
    const { verifier, authority } = verifiers.verifierFor(check.authority, check.toleranceSeconds);
    if (isOpen(request.method, request.target)) return { allowed: true, claims: NO_CLAIMS, because: "open" };
    const { signatureKey, signatureInput, signature } = verifiers.profile.messages.fields;
    const isUnsigned = [signatureKey, signatureInput, signature].every(
      (name) => request.headers[name] === undefined,
    );
    if (isUnsigned && mode !== "strict") return { allowed: true, claims: NO_CLAIMS, because: "unsigned" };

    // The body is not here. That the digest is covered is proven, so that the agent's own comparison counts.
    // Passed on because a caller below the level must not use up memory of nonces.
    const level = requiredScheme === "hwk" ? "pseudonymous" : "identified";
    const pending = await verifier.begin({ ...request, authority }, { level });
    const verified = await pending.complete(undefined);
    const { caller } = verified;
    const refusal = refusalBelowScheme(caller, requiredScheme);
    if (refusal !== undefined) return { allowed: false, refusal, report: verified.report, verified };
    return { allowed: true, claims: claimsHeader(caller), because: "verified", verified };
  } catch (error) {
    const report = error instanceof AAuthVerificationError ? error.report : undefined;
    return { allowed: false, refusal: refusalOf(error), cause: error, ...(report && { report }) };
  }
}
