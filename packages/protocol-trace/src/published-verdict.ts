import type { Span } from "@opentelemetry/api";
import { PROFILE, type VerificationReport, type VerifiedAgent } from "aauth";
import { ATTRIBUTE, EVENT, EVENT_ATTRIBUTE } from "./attribute-names.ts";
import { tokenKind } from "./traced-token.ts";

/** What a gate has found out about a request, whether it let it pass or not. */
export interface GateVerdict {
  /** What came in `Signature-Key`, good or not. */
  readonly token: string | undefined;
  /** Absent where the gate could not tell. */
  readonly report: VerificationReport | undefined;
  /** Who has sent it, as far as that is proven. */
  readonly agent: VerifiedAgent | undefined;
  /** The caller has signed, with a key of its own, what arrived. */
  readonly isProven: boolean;
  /** Why it did not pass; absent where it did. */
  readonly code?: string;
}

/**
 * Says what a gate decided in the words of the published walk-through, beside our own: whoever follows it in Jaeger searches for these.
 * They know two answers; which check decided is told by ours alone.
 */
export function recordPublishedVerdict(span: Span, verdict: GateVerdict): void {
  const { report, agent, isProven, code } = verdict;
  const scheme = report?.scheme;
  span.setAttributes({
    [ATTRIBUTE.publishedScheme]: scheme,
    [ATTRIBUTE.publishedVerified]: isProven,
    [ATTRIBUTE.publishedResult]: resultOf(verdict),
  });
  if (isProven) {
    span.addEvent(EVENT.requestVerified, {
      [EVENT_ATTRIBUTE.scheme]: scheme,
      [EVENT_ATTRIBUTE.level]: agent?.level,
    });
  }
  recordAuthToken(span, verdict);
  if (code !== undefined) return;
  if (agent?.level === "pseudonymous") {
    span.setAttribute(ATTRIBUTE.hwkAccepted, true);
    span.addEvent(EVENT.hwkAccepted);
  }
  if (agent?.level === "identified")
    span.addEvent(EVENT.signatureOnlyAccepted, { [EVENT_ATTRIBUTE.scheme]: scheme });
}

function resultOf({ report, isProven, code }: GateVerdict): string {
  if (isProven) return "valid";
  if (code === "missing_signature") return "missing_headers";
  return report === undefined ? "error" : "invalid";
}

function recordAuthToken(span: Span, { token, report, agent, isProven }: GateVerdict): void {
  if (token === undefined || tokenKind(token) !== PROFILE.tokenTypes.auth) return;
  const isInOrder = report?.checks.some(({ name, verdict }) => name === "token" && verdict === "passed");
  // Somebody else's token is in order, too.
  const isVerified = isInOrder === true && isProven;
  span.setAttribute(ATTRIBUTE.authTokenVerified, isVerified);
  if (!isVerified || agent === undefined || agent.level === "pseudonymous") return;
  span.setAttribute(ATTRIBUTE.authTokenAgent, agent.agent);
  span.addEvent(EVENT.authTokenVerified, {
    [EVENT_ATTRIBUTE.agent]: agent.agent,
    [EVENT_ATTRIBUTE.scope]: agent.level === "authorized" ? agent.scopes.join(" ") : undefined,
  });
}
