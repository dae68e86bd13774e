import { randomBytes } from "node:crypto";
import { context, ROOT_CONTEXT, type Span, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import type { Transport } from "aauth/agent";
import type { TracePlace } from "agent-kit/service";
import { readBounded } from "agent-kit/service";
import { createAgentTrace } from "protocol-trace";
import { ATTRIBUTE } from "protocol-trace/names";
import type { ForgedRequest } from "./forged-request.ts";

/** As much as the agent's response to the run itself may have. */
const MAX_HONEST_ANSWER_BYTES = 1_048_576;

export interface SendForgedOptions {
  /** Takes the request as it is. */
  readonly transport: Transport;
  readonly runId: string;
  readonly variant: string;
  readonly timeoutMs: number;
}

/**
 * Sends a tampered request in a trace of its own, so that the attempt can be looked at like any
 * other message.
 *
 * @param forge creates the request; the honest requests that it requires are part of the trace
 */
export async function sendForged(
  forge: () => Promise<ForgedRequest>,
  options: SendForgedOptions,
): Promise<{ response: Response; place?: TracePlace }> {
  const tracer = trace.getTracer("backend");
  const attributes = { [ATTRIBUTE.runId]: options.runId };
  const span = tracer.startSpan(`break_it.${options.variant}`, { attributes }, ROOT_CONTEXT);
  const inSpan = <T>(work: () => Promise<T>) => context.with(trace.setSpan(ROOT_CONTEXT, span), work);
  let forged: ForgedRequest | undefined;
  try {
    forged = await inSpan(forge);
    const { twice } = forged;
    const send = (attempt: number) => inSpan(() => sendSigned(forged!, { ...options, attempt }));
    if (twice) {
      await readBounded(await send(1), MAX_HONEST_ANSWER_BYTES);
    }
    const response = await send(twice ? 2 : 1);
    const { traceId, spanId } = span.spanContext();
    return { response, ...(isTraced(span) && { place: { traceId, spanId } }) };
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    if (forged?.after !== undefined) await context.with(untraced(), forged.after).catch(() => {});
    span.end();
  }
}

/** Sends a request as it is, with what its sender signed in the trace. */
export function sendSigned(
  { method, url, headers, body, signature }: ForgedRequest,
  options: Pick<SendForgedOptions, "transport" | "timeoutMs"> & { readonly attempt?: number },
): Promise<Response> {
  const { observer, transport } = createAgentTrace(options.transport, signature?.party);
  if (signature !== undefined) {
    const { base, components, created, key, scheme, profile, purpose } = signature;
    observer({
      type: "request_signed",
      ...{ profile, purpose, url, method, scheme, created, attempt: options.attempt ?? 1 },
      coveredComponents: components,
      signatureBase: base,
      kid: key.kid,
      thumbprint: key.thumbprint,
    });
  }
  const signal = AbortSignal.timeout(options.timeoutMs);
  return transport(url, { method, headers: { ...headers }, signal, ...(body && { body }) });
}

/** A trace that is not sampled, here and at those that are asked in it. */
function untraced() {
  const hex = (bytes: number) => randomBytes(bytes).toString("hex");
  const place = { traceId: hex(16), spanId: hex(8), traceFlags: TraceFlags.NONE };
  return trace.setSpanContext(ROOT_CONTEXT, place);
}

/** Without an SDK there are no spans, and nothing to look at. */
function isTraced(span: Span): boolean {
  return span.isRecording();
}
