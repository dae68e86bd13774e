import { SpanStatusCode, trace } from "@opentelemetry/api";
import { ATTRIBUTE, EVENT } from "./attribute-names.ts";
import { tracedToken } from "./traced-token.ts";

/**
 * Writes onto the current span which type of token request it answers. Call it before anything is
 * judged.
 */
export function recordTokenRequest(requestType: string | undefined): void {
  if (requestType !== undefined)
    trace.getActiveSpan()?.setAttribute(ATTRIBUTE.requestType, requestType.slice(0, 40));
}

/** Writes onto the current span which token is to be exchanged. */
export function recordUpstreamToken(token: string): void {
  const span = trace.getActiveSpan();
  if (span?.isRecording() === true) span.setAttribute(ATTRIBUTE.upstreamToken, tracedToken(token));
}

/** Writes onto the current span which token it is answered with. */
export function recordIssuedToken(token: string): void {
  const span = trace.getActiveSpan();
  if (span?.isRecording() !== true) return;
  const json = tracedToken(token);
  span.setAttribute(ATTRIBUTE.tokenIssued, json);
  span.addEvent(EVENT.tokenIssued, { token: json });
}

/**
 * Writes an OAuth error onto the current span, unless the verifier has said already what was wrong.
 */
export function recordTokenRefusal({
  code,
  message,
}: {
  readonly code: string;
  readonly message: string;
}): void {
  const span = trace.getActiveSpan();
  if (span?.isRecording() !== true) return;
  span.setAttribute(ATTRIBUTE.errorType, code);
  if (code !== "invalid_signature") span.setAttribute(ATTRIBUTE.errorCode, code);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** Writes onto the current span that there was no token of the caller's to exchange, and why. */
export function recordSkippedExchange(reason: string): void {
  trace.getActiveSpan()?.addEvent(EVENT.exchangeSkipped, { reason });
}
