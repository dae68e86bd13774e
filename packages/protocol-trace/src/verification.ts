import { type Attributes, type Span, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  AAuthError,
  CHECK_SECTIONS,
  type HeaderFields,
  parseAgentAuth,
  type Requirement,
  type VerificationReport,
  type VerifiedAgent,
} from "aauth";
import {
  ATTRIBUTE,
  EVENT,
  EVENT_ATTRIBUTE,
  type TracedChallenge,
  type TracedCheck,
  type TracedToken,
} from "./attribute-names.ts";
import { shownBase } from "./cut.ts";
import { recordPublishedVerdict } from "./published-verdict.ts";
import { tokenIn, tracedToken } from "./traced-token.ts";

/**
 * Refusals that are no fault of the caller's: it is proven and asked for more, or has not signed because nobody has asked it to.
 * A token that has expired was good once.
 */
const CHALLENGES: ReadonlySet<string> = new Set([
  "missing_signature",
  "identity_required",
  "authorization_required",
  "insufficient_scope",
  "token_expired",
]);

/** A request that a gate has judged. */
export interface JudgedRequest {
  readonly headers: HeaderFields;
  readonly requirement?: Requirement | undefined;
}

/**
 * Writes onto a span that the gate let a request pass, and who sent it.
 *
 * @param span default: the current one
 */
export function recordVerified(
  verified: { readonly agent: VerifiedAgent; readonly report: VerificationReport },
  request: JudgedRequest,
  span: Span | undefined = trace.getActiveSpan(),
): void {
  if (span?.isRecording() !== true) return;
  const { agent, report } = verified;
  const token = tokenIn(request.headers["signature-key"]);
  span.setAttributes({
    [ATTRIBUTE.verdict]: "passed",
    ...requestAttributes(request, token),
    ...reportAttributes(report),
    ...agentAttributes(agent),
  });
  recordPublishedVerdict(span, { token, report, agent, isProven: true });
}

/** What was answered to a request that did not pass. */
export interface RefusalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Where it says another code than the error has, or the error has none. */
  readonly code?: string;
}

/**
 * Writes onto a span that a gate refused a request, at which check, and what it was answered. A challenge is part of the protocol and
 * leaves the span's status alone; any other refusal is an error, other than OpenTelemetry's conventions have it for a status below 500:
 * refusals are what one looks for here.
 *
 * @param span default: the current one
 */
export function recordRefused(
  error: unknown,
  request: JudgedRequest,
  answer: RefusalAnswer | undefined,
  span: Span | undefined = trace.getActiveSpan(),
): void {
  if (span?.isRecording() !== true) return;
  const known = error instanceof AAuthError ? error : undefined;
  const code = answer?.code ?? known?.code ?? "verification_unavailable";
  const token = tokenIn(request.headers["signature-key"]);
  const challenged = CHALLENGES.has(code) && answer?.headers["agent-auth"] !== undefined;
  span.setAttributes({
    [ATTRIBUTE.verdict]: challenged ? "challenged" : "refused",
    [ATTRIBUTE.errorCode]: code,
    ...requestAttributes(request, token),
    ...(known?.report && reportAttributes(known.report)),
    ...(known?.provenAgent && agentAttributes(known.provenAgent)),
  });
  recordPublishedVerdict(span, {
    token,
    report: known?.report,
    agent: known?.provenAgent,
    isProven: known !== undefined && isProven(known),
    code,
  });
  if (answer !== undefined) recordChallenge(span, answer);
  if (challenged) return;
  span.setAttribute(ATTRIBUTE.errorType, code);
  span.setStatus({
    code: SpanStatusCode.ERROR,
    message: known?.message ?? "the request could not be verified",
  });
}

/** Writes onto the current span what a caller that has passed was answered all the same, because it has asked too often. */
export function recordLimited(answer: RefusalAnswer): void {
  const span = trace.getActiveSpan();
  if (span?.isRecording() === true) recordChallenge(span, answer);
}

function recordChallenge(span: Span, { status, headers }: RefusalAnswer): void {
  const agentAuth = headers["agent-auth"];
  if (agentAuth === undefined) return;
  const { level, authServer, resourceToken } = parseAgentAuth(agentAuth);
  const token = resourceToken === undefined ? undefined : tracedToken(resourceToken);
  const challenge: TracedChallenge = {
    status,
    level,
    ...(authServer !== undefined && { auth_server: authServer }),
    ...(token !== undefined && { resource_token: JSON.parse(token) as TracedToken }),
  };
  span.setAttribute(ATTRIBUTE.challenge, JSON.stringify(challenge));
  if (token === undefined) return;
  span.setAttribute(ATTRIBUTE.resourceTokenIssued, true);
  span.addEvent(EVENT.resourceTokenIssued, {
    [EVENT_ATTRIBUTE.resourceToken]: token,
    [EVENT_ATTRIBUTE.authServer]: authServer,
  });
}

/** Whether all that is lacking is a token, a scope or a name: the caller has signed, with a key of its own, what arrived. */
function isProven({ provenAgent, report }: AAuthError): boolean {
  // A caller whose key alone is known is no agent with a name.
  const failed = report?.checks.find(({ verdict }) => verdict === "failed")?.name;
  return provenAgent !== undefined || failed === "requirement";
}

function requestAttributes({ requirement }: JudgedRequest, token: string | undefined): Attributes {
  return {
    [ATTRIBUTE.role]: "verifier",
    [ATTRIBUTE.requiredLevel]: requirement?.level,
    [ATTRIBUTE.requiredScope]: requirement?.level === "authorized" ? requirement.scopes.join(" ") : undefined,
    [ATTRIBUTE.tokenReceived]: token && tracedToken(token),
  };
}

function reportAttributes(report: VerificationReport): Attributes {
  const checks = report.checks.map(
    ({ name, verdict, reason }): TracedCheck => ({
      name,
      verdict,
      ...(reason !== undefined && { reason }),
      section: CHECK_SECTIONS[name],
    }),
  );
  return {
    [ATTRIBUTE.checks]: JSON.stringify(checks),
    [ATTRIBUTE.verifiedScheme]: report.scheme,
    [ATTRIBUTE.verifiedLabel]: report.label,
    [ATTRIBUTE.verifiedComponents]: report.coveredComponents && [...report.coveredComponents],
    [ATTRIBUTE.verifiedBase]: report.signatureBase && shownBase(report.signatureBase),
    [ATTRIBUTE.verifiedCreated]: report.created,
    [ATTRIBUTE.keySource]: report.keySource,
    [ATTRIBUTE.verifiedThumbprint]: report.thumbprint,
  };
}

function agentAttributes(agent: VerifiedAgent): Attributes {
  if (agent.level === "pseudonymous") return { [ATTRIBUTE.agentLevel]: agent.level };
  return {
    [ATTRIBUTE.agentLevel]: agent.level,
    [ATTRIBUTE.agentId]: agent.agent,
    [ATTRIBUTE.agentDelegate]: agent.agentDelegate,
    ...(agent.level === "authorized" && { [ATTRIBUTE.userSub]: agent.subject }),
  };
}
