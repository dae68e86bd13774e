import { context, ROOT_CONTEXT, type Span, SpanStatusCode, trace } from "@opentelemetry/api";
import { february2026 } from "aauth";
import type { Transport } from "aauth/agent";
import type { TracePlace } from "agent-kit/service";
import { readBounded } from "agent-kit/service";
import { createAgentTrace } from "protocol-trace";
import { ATTRIBUTE } from "protocol-trace/names";
import type { ForgedRequest } from "./variants.ts";

/** As much as the agent's response to the run itself may have. */
const MAX_HONEST_ANSWER_BYTES = 1_048_576;

export interface SendForgedOptions {
  /** Takes the request as it is. */
  readonly transport: Transport;
  readonly runId: string;
  readonly variant: string;
  readonly timeoutMs: number;
}

/** Sends a tampered request in a trace of its own, so that the attempt can be looked at like any other message. */
export async function sendForged(
  forged: ForgedRequest,
  options: SendForgedOptions,
): Promise<{ response: Response; place?: TracePlace }> {
  const {
    method,
    url,
    headers,
    body,
    signatureBase,
    components: coveredComponents,
    created,
    scheme,
  } = forged;
  const { kid, thumbprint } = forged.key;
  const tracer = trace.getTracer("backend");
  const attributes = { [ATTRIBUTE.runId]: options.runId };
  const span = tracer.startSpan(`break_it.${options.variant}`, { attributes }, ROOT_CONTEXT);
  const { observer, transport } = createAgentTrace(options.transport);
  const purpose = headers["content-type"] === "application/x-www-form-urlencoded" ? "token" : "resource";
  const signed = { scheme, coveredComponents, signatureBase, created, kid, thumbprint };
  const send = (attempt: number) =>
    context.with(trace.setSpan(ROOT_CONTEXT, span), () => {
      observer({
        type: "request_signed",
        profile: february2026.name,
        purpose,
        url,
        method,
        ...signed,
        attempt,
      });
      const signal = AbortSignal.timeout(options.timeoutMs);
      return transport(url, { method, headers: { ...headers }, body, signal });
    });
  try {
    if (forged.twice) {
      await readBounded(await send(1), MAX_HONEST_ANSWER_BYTES);
    }
    const response = await send(forged.twice ? 2 : 1);
    const { traceId, spanId } = span.spanContext();
    return { response, ...(isTraced(span) && { place: { traceId, spanId } }) };
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/** Without an SDK there are no spans, and nothing to look at. */
function isTraced(span: Span): boolean {
  return span.isRecording();
}
