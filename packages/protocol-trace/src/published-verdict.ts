import type { Span } from "@opentelemetry/api";
import type { ProvenCaller, VerificationReport } from "aauth";
import { TOKEN_TYPES } from "aauth/february-2026";
import { ATTRIBUTE, EVENT } from "./attribute-names.ts";
import { tokenKind } from "./traced-token.ts";

/** What a verifier has found out about a request, whether it let it pass or not. */
export interface VerifierVerdict {
  /** What came in `Signature-Key`, good or not. */
  readonly token: string | undefined;
  /** Absent where the verifier reached no verdict. */
  readonly report: VerificationReport | undefined;
  /** Who has sent it, as far as that is proven. */
  readonly caller: ProvenCaller | undefined;
  /** The caller has signed, with a key of its own, what arrived. */
  readonly isProven: boolean;
  /** Why it did not pass; absent where it did. */
  readonly code?: string;
}

/**
 * Says what a verifier decided in the words of the published walk-through, beside our own: readers
 * who follow it in Jaeger search for these. They know two answers; our own alone name the check
 * that decided.
 */
export function recordPublishedVerdict(span: Span, verdict: VerifierVerdict): void {
  const { report, caller, isProven, code } = verdict;
  const scheme = report?.scheme;
  span.setAttributes({
    [ATTRIBUTE.publishedScheme]: scheme,
    [ATTRIBUTE.publishedVerified]: isProven,
    [ATTRIBUTE.publishedResult]: resultOf(verdict),
  });
  if (isProven) {
    span.addEvent(EVENT.requestVerified, {
      scheme,
      level: caller?.level,
    });
  }
  recordAuthToken(span, verdict);
  if (code !== undefined) return;
  if (caller?.level === "pseudonymous") {
    span.setAttribute(ATTRIBUTE.hwkAccepted, true);
    span.addEvent(EVENT.hwkAccepted);
  }
  if (caller?.level === "identified") span.addEvent(EVENT.signatureOnlyAccepted, { scheme });
}

function resultOf({ report, isProven, code }: VerifierVerdict): string {
  if (isProven) return "valid";
  if (code === "missing_signature") return "missing_headers";
  return report === undefined ? "error" : "invalid";
}

function recordAuthToken(span: Span, { token, report, caller, isProven }: VerifierVerdict): void {
  if (token === undefined || tokenKind(token) !== TOKEN_TYPES.auth) return;
  const isInOrder = report?.checks.some(({ name, verdict }) => name === "token" && verdict === "passed");
  // A token that the caller has no key for is in order, too.
  const isVerified = isInOrder === true && isProven;
  span.setAttribute(ATTRIBUTE.authTokenVerified, isVerified);
  if (!isVerified || caller?.agent === undefined) return;
  span.setAttribute(ATTRIBUTE.authTokenAgent, caller.agent);
  span.addEvent(EVENT.authTokenVerified, {
    agent: caller.agent,
    scope: caller.grant?.scopes.join(" "),
  });
}
