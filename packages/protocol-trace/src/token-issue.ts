import { SpanStatusCode, trace } from "@opentelemetry/api";
import { ATTRIBUTE, EVENT } from "aauth-explain/trace-names";
import { tracedToken } from "./traced-token.ts";

/** Records the type of the token request on the current span. Call it before any check. */
export function recordTokenRequest(requestType: string | undefined): void {
  if (requestType !== undefined)
    trace.getActiveSpan()?.setAttribute(ATTRIBUTE.requestType, requestType.slice(0, 40));
}

/** Records the token to be exchanged on the current span. */
export function recordUpstreamToken(token: string): void {
  const span = trace.getActiveSpan();
  if (span?.isRecording() === true) span.setAttribute(ATTRIBUTE.upstreamToken, tracedToken(token));
}

/** Records the issued token on the current span. */
export function recordIssuedToken(token: string): void {
  const span = trace.getActiveSpan();
  if (span?.isRecording() !== true) return;
  const json = tracedToken(token);
  span.setAttribute(ATTRIBUTE.tokenIssued, json);
  span.addEvent(EVENT.tokenIssued, { token: json });
}

/** Records an OAuth error on the current span, unless the verifier has already recorded its own. */
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

/** Records on the current span why the caller's token is not exchanged. */
export function recordSkippedExchange(reason: string): void {
  trace.getActiveSpan()?.addEvent(EVENT.exchangeSkipped, { reason });
}
