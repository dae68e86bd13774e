import {
  type Attributes,
  context,
  ROOT_CONTEXT,
  type SpanContext,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { redactText } from "protocol-trace/redact";

const MAX_MESSAGE_CHARACTERS = 300;

/** Options of {@link withSpan}. */
export interface SpanOptions {
  readonly attributes?: Attributes;
  /** Whether an error thrown by the work is a failure. Default: always. */
  readonly isFailure?: (error: unknown) => boolean;
}

/**
 * Runs work in its own span. An error becomes the span's status and is rethrown.
 *
 * @param name `part.step`, the same for every call: `optimization_service.run_optimization`
 */
export function withSpan<T>(name: string, work: () => Promise<T>, options: SpanOptions = {}): Promise<T> {
  const { attributes = {}, isFailure = () => true } = options;
  return trace.getTracer("agent-kit").startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work();
    } catch (error) {
      if (isFailure(error)) markFailed(error, span);
      throw error;
    } finally {
      span.end();
    }
  });
}

/**
 * Gives a span (default: the current one) the status of a failure, with the error's code and its
 * redacted, shortened message.
 */
export function markFailed(error: unknown, span = trace.getActiveSpan()): void {
  if (span?.isRecording() !== true) return;
  const { code, name, message } = (error ?? {}) as { code?: unknown; name?: unknown; message?: unknown };
  const type = [code, name].find((word) => typeof word === "string" && word !== "") as string | undefined;
  span.setAttribute("error.type", type ?? "_OTHER");
  span.setStatus({
    code: SpanStatusCode.ERROR,
    message: redactText(typeof message === "string" ? message : "failed").slice(0, MAX_MESSAGE_CHARACTERS),
  });
}

/** A span by its ids: 32 and 16 hex digits. */
export type TracePlace = Pick<SpanContext, "traceId" | "spanId">;

/** The current span; undefined outside a trace and for one that is not recorded. */
export function currentPlace(): TracePlace | undefined {
  const span = trace.getActiveSpan();
  return span?.isRecording() === true ? span.spanContext() : undefined;
}

/** Runs work below an earlier span in its trace; without a place, in the current context. */
export function inTrace<T>(place: TracePlace | undefined, work: () => T): T {
  if (place === undefined) return work();
  const spanContext = { ...place, traceFlags: TraceFlags.SAMPLED };
  return context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), work);
}
