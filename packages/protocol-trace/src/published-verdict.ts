import type { Span } from "@opentelemetry/api";
import type { ProvenCaller, VerificationReport } from "aauth";
import { ATTRIBUTE, EVENT } from "aauth-explain/trace-names";
import { TRACED_PROFILES } from "./profiles.ts";
import { tokenKind } from "./traced-token.ts";

/** A verifier's findings about a request, accepted or refused. */
export interface VerifierVerdict {
  /** The token received in `Signature-Key`, valid or not. */
  readonly token: string | undefined;
  /** Absent if the verifier reached no verdict. */
  readonly report: VerificationReport | undefined;
  /** The caller, as far as proven. */
  readonly caller: ProvenCaller | undefined;
  /** Whether the caller has signed the received request with its own key. */
  readonly isProven: boolean;
  /** Reason for the refusal; absent if accepted. */
  readonly code?: string;
}

/**
 * Records a verifier's verdict under the published walk-through's names, in addition to our own,
 * because its readers search for them in Jaeger. Those names only distinguish two results; only our
 * own name the decisive check.
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
  if (token === undefined) return;
  const kind = tokenKind(token);
  if (!TRACED_PROFILES.some(({ publishedAuthToken }) => publishedAuthToken === kind)) return;
  const isInOrder = report?.checks.some(({ name, verdict }) => name === "token" && verdict === "passed");
  // A token can be valid even if the caller lacks its key.
  const isVerified = isInOrder === true && isProven;
  span.setAttribute(ATTRIBUTE.authTokenVerified, isVerified);
  if (!isVerified || caller?.agent === undefined) return;
  span.setAttribute(ATTRIBUTE.authTokenAgent, caller.agent);
  span.addEvent(EVENT.authTokenVerified, {
    agent: caller.agent,
    scope: caller.grant?.scopes.join(" "),
  });
}
