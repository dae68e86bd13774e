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
} from "./attribute-names.ts";
import { shownBase } from "./cut.ts";
import { demandIn } from "./demand.ts";
import { recordPublishedVerdict } from "./published-verdict.ts";
import { tokenIn, tracedToken } from "./traced-token.ts";

/**
 * Refusals that are not the caller's fault: it is challenged for more, or has not signed because it
 * was not challenged before. A token that has expired was good once.
 */
const CHALLENGES: ReadonlySet<string> = new Set([
  "missing_signature",
  "identity_required",
  "person_required",
  "authorization_required",
  "insufficient_scope",
  "token_expired",
]);

/** A request that a verifier has judged. */
export interface JudgedRequest {
  readonly headers: HeaderFields;
  readonly requirement?: Requirement<string> | undefined;
}

/**
 * Writes onto a span that the verifier let a request pass, and who sent it.
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

/** What was answered to a request that did not pass. */
export interface RefusalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Where it says another code than the error has, or the error has none. */
  readonly code?: string;
}

/**
 * Writes onto a span that a verifier refused a request, at which check, and what it was answered. A
 * challenge is part of the protocol and leaves the span's status alone; any other refusal is an
 * error, other than OpenTelemetry's conventions have it for a status below 500: refusals are what
 * one looks for here.
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
  const challenged = CHALLENGES.has(code) && answer !== undefined && demandIn(answer.headers) !== undefined;
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

/**
 * Writes onto the current span what a caller that has passed was answered all the same, because it
 * has asked too often.
 */
export function recordLimited(answer: RefusalAnswer): void {
  const span = trace.getActiveSpan();
  if (span?.isRecording() === true) recordChallenge(span, answer);
}

function recordChallenge(span: Span, { status, headers }: RefusalAnswer): void {
  const demand = demandIn(headers);
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
 * Whether all that is lacking is a token, a scope or a name: the caller has signed, with a key of
 * its own, what arrived.
 */
function isProven({ provenCaller, check }: AAuthVerificationError): boolean {
  // A caller of which only a key is known has no name.
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
    [ATTRIBUTE.verifiedBase]: report.signatureBase && shownBase(report.signatureBase),
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
