import { type Attributes, context, type SpanContext, SpanStatusCode, trace } from "@opentelemetry/api";
import { redactText } from "../log/redaction.ts";

const MAX_MESSAGE_CHARACTERS = 300;

/** Options of {@link withSpan}. */
export interface SpanOptions {
  readonly attributes?: Attributes;
  /** Whether an error thrown by the work is a failure of it. Default: every one is. */
  readonly isFailure?: (error: unknown) => boolean;
}

/**
 * Does a piece of work inside a span of its own, which is ended with it. An error becomes the span's status and is thrown on.
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

/** Gives a span (default: the current one) the status of a failure, with the error's code and its redacted, shortened message. */
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

/**
 * Remembers the current place in a trace, so that work which goes on later, after another request for example, belongs to the same trace.
 *
 * @example
 * const inTrace = keepTrace();
 * // later, from anywhere
 * inTrace(() => goOn());
 */
export function keepTrace(): <T>(work: () => T) => T {
  const here = context.active();
  return (work) => context.with(here, work);
}

/** A span by its ids: 32 and 16 hex digits. */
export type TracePlace = Pick<SpanContext, "traceId" | "spanId">;

/** The current span; undefined outside a trace and for one that is not recorded. */
export function currentPlace(): TracePlace | undefined {
  const span = trace.getActiveSpan();
  return span?.isRecording() === true ? span.spanContext() : undefined;
}
