import { type Attributes, type Span, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  AAuthError,
  AAuthVerificationError,
  type HeaderFields,
  type ProvenCaller,
  type Requirement,
  type VerificationReport,
} from "aauth";
import {
  ATTRIBUTE,
  EVENT,
  type TracedChallenge,
  type TracedCheck,
  type TracedToken,
} from "aauth-explain/trace-names";
import { readChallenge } from "./profiles.ts";
import { recordPublishedVerdict } from "./published-verdict.ts";
import { redactedBase } from "./redacted-message.ts";
import { tokenIn, tracedToken } from "./traced-token.ts";

/**
 * Refusals that are not the caller's fault: it is challenged, has not yet been challenged to sign,
 * or its token has expired.
 */
const CHALLENGES: ReadonlySet<string> = new Set([
  "missing_signature",
  "identity_required",
  "person_required",
  "authorization_required",
  "insufficient_scope",
  "token_expired",
]);

/** A request with a verifier's verdict. */
export interface JudgedRequest {
  readonly headers: HeaderFields;
  readonly requirement?: Requirement<string> | undefined;
}

/**
 * Records on a span that the verifier accepted a request, and its sender.
 *
 * @param span default: the current one
 */
export function recordVerified(
  verified: { readonly caller: ProvenCaller; readonly report: VerificationReport },
  request: JudgedRequest,
  span: Span | undefined = trace.getActiveSpan(),
): void {
  if (span?.isRecording() !== true) return;
  const { caller, report } = verified;
  const token = tokenIn(request.headers["signature-key"], report.label);
  span.setAttributes({
    [ATTRIBUTE.verdict]: "passed",
    ...requestAttributes(request, token),
    ...reportAttributes(report),
    ...callerAttributes(caller),
  });
  recordPublishedVerdict(span, { token, report, caller, isProven: true });
}

/** The answer to a refused request. */
export interface RefusalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Set if the answer's code differs from the error's, or the error has none. */
  readonly code?: string;
}

/**
 * Records on a span that a verifier refused a request, the failed check, and the answer. A
 * challenge is part of the protocol and does not affect the span's status. Any other refusal is an
 * error, unlike in OpenTelemetry's conventions for a status below 500, because refusals are of
 * interest here.
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
  const { report, provenCaller } = error instanceof AAuthVerificationError ? error : NOTHING_PROVEN;
  const code = answer?.code ?? known?.code ?? "verification_unavailable";
  const token = tokenIn(request.headers["signature-key"], report?.label);
  const challenged =
    CHALLENGES.has(code) && answer !== undefined && readChallenge(answer.headers) !== undefined;
  span.setAttributes({
    [ATTRIBUTE.verdict]: challenged ? "challenged" : "refused",
    [ATTRIBUTE.errorCode]: code,
    ...requestAttributes(request, token),
    ...(report && reportAttributes(report)),
    ...(provenCaller && callerAttributes(provenCaller)),
  });
  recordPublishedVerdict(span, {
    token,
    report,
    caller: provenCaller,
    isProven: error instanceof AAuthVerificationError && isProven(error),
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

/** Records on the current span the answer to a verified caller that has exceeded its rate limit. */
export function recordLimited(answer: RefusalAnswer): void {
  const span = trace.getActiveSpan();
  if (span?.isRecording() === true) recordChallenge(span, answer);
}

function recordChallenge(span: Span, { status, headers }: RefusalAnswer): void {
  const demand = readChallenge(headers);
  if (demand === undefined) return;
  const { level, authServer, resourceToken } = demand;
  const token = resourceToken === undefined ? undefined : tracedToken(resourceToken);
  const challenge: TracedChallenge = {
    status,
    level,
    auth_server: authServer,
    resource_token: token === undefined ? undefined : (JSON.parse(token) as TracedToken),
  };
  span.setAttribute(ATTRIBUTE.challenge, JSON.stringify(challenge));
  if (token === undefined) return;
  span.setAttribute(ATTRIBUTE.resourceTokenIssued, true);
  span.addEvent(EVENT.resourceTokenIssued, {
    resource_token: token,
    auth_server: authServer,
  });
}

/**
 * Whether only a token, a scope or a name is missing, that is, the caller has signed the received
 * request with its own key.
 */
function isProven({ provenCaller, check }: AAuthVerificationError): boolean {
  // A caller known only by a key has no name.
  return provenCaller !== undefined || check === "requirement";
}

function requestAttributes({ requirement }: JudgedRequest, token: string | undefined): Attributes {
  return {
    [ATTRIBUTE.role]: "verifier",
    [ATTRIBUTE.requiredLevel]: requirement?.level,
    [ATTRIBUTE.requiredScope]: requirement?.scopes?.join(" "),
    [ATTRIBUTE.tokenReceived]: token && tracedToken(token),
  };
}

function reportAttributes(report: VerificationReport): Attributes {
  const checks = report.checks.map(
    ({ name, verdict, reason, section }): TracedCheck => ({ name, verdict, reason, section }),
  );
  return {
    [ATTRIBUTE.checks]: JSON.stringify(checks),
    [ATTRIBUTE.verifiedProfile]: report.profile,
    [ATTRIBUTE.bodyBound]: report.bodyBound,
    [ATTRIBUTE.verifiedScheme]: report.scheme,
    [ATTRIBUTE.verifiedLabel]: report.label,
    [ATTRIBUTE.verifiedComponents]: report.coveredComponents && [...report.coveredComponents],
    [ATTRIBUTE.verifiedBase]: report.signatureBase && redactedBase(report.signatureBase),
    [ATTRIBUTE.verifiedCreated]: report.created,
    [ATTRIBUTE.keySource]: report.keySource,
    [ATTRIBUTE.verifiedThumbprint]: report.thumbprint,
  };
}

function callerAttributes({ level, agent, server, delegate, person }: ProvenCaller): Attributes {
  return {
    [ATTRIBUTE.agentLevel]: level,
    [ATTRIBUTE.agentId]: agent ?? server,
    [ATTRIBUTE.agentDelegate]: delegate,
    [ATTRIBUTE.userSub]: person?.sub,
  };
}

const NOTHING_PROVEN = { report: undefined, provenCaller: undefined };
