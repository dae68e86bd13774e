import { type AAuthErrorCode, AAuthVerificationError, type HeaderFields } from "aauth";
import { recordRefused, recordVerified } from "protocol-trace";
import type { Decision } from "./judge-check.ts";

/** Writes a decision onto the span of its check. One that took no verification (an open path, an unsigned request) leaves no verdict. */
export function recordDecision(decision: Decision, headers: HeaderFields): void {
  if (decision.allowed) {
    if (decision.because === "verified") recordVerified(decision.verified, { headers });
    return;
  }
  const { refusal, verified } = decision;
  recordRefused(
    verified === undefined ? decision.cause : belowScheme(refusal.code, verified),
    { headers },
    refusal,
  );
}

/** Nothing was thrown for a proven caller below the route's scheme; in the list of checks it is the last one. */
function belowScheme(
  code: string,
  { caller, report }: NonNullable<(Decision & { allowed: false })["verified"]>,
) {
  const reason = "the route's scheme asks for more than the caller has proven";
  const checks = report.checks.map((check) =>
    check.name === "requirement" ? { ...check, verdict: "failed" as const, reason } : check,
  );
  return new AAuthVerificationError(code as AAuthErrorCode, reason, {
    report: { ...report, checks },
    ...(caller.agent !== undefined && { provenCaller: caller }),
  });
}
