import { randomBytes } from "node:crypto";
import { context, ROOT_CONTEXT, type Span, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import type { Transport } from "aauth/agent";
import { ATTRIBUTE } from "aauth-explain/trace-names";
import { readBounded, type TracePlace } from "agent-kit/service";
import { createAgentTrace } from "protocol-trace";
import { BackendError } from "../errors.ts";
import type { ForgedRequest } from "./forged-request.ts";

const MAX_ANSWER_BYTES = 65_536;
/** Limit of the agent's response to the run itself. */
export const MAX_HONEST_ANSWER_BYTES = 1_048_576;

/** Answer to an attempt. */
export interface Answered {
  readonly response: Response;
  readonly body: string;
  /** Status of the honest follow-up request. Unset if the attempt was refused or has none. */
  readonly after?: number;
  /** Its trace, if spans are recorded. */
  readonly place?: TracePlace;
}

export interface SendForgedOptions {
  /** Sends the request unchanged. */
  readonly transport: Transport;
  readonly runId: string;
  readonly variant: string;
  readonly timeoutMs: number;
}

/**
 * Sends a tampered request in its own trace, so that the attempt can be inspected like any other
 * message.
 *
 * @param forge creates the request; the honest requests that it requires are part of the trace
 * @throws BackendError `conflict` if the first of two equal requests is refused
 */
export async function sendForged(
  forge: () => Promise<ForgedRequest>,
  options: SendForgedOptions,
): Promise<Answered> {
  const tracer = trace.getTracer("backend");
  const attributes = { [ATTRIBUTE.runId]: options.runId };
  const span = tracer.startSpan(`break_it.${options.variant}`, { attributes }, ROOT_CONTEXT);
  const inSpan = <T>(work: () => Promise<T>) => context.with(trace.setSpan(ROOT_CONTEXT, span), work);
  let forged: ForgedRequest | undefined;
  try {
    forged = await inSpan(forge);
    const { twice, proof } = forged;
    const request = forged;
    if (twice) {
      const first = await inSpan(() => sendSigned(request, options));
      await readBounded(first, MAX_HONEST_ANSWER_BYTES);
      if (first.status >= 400) throw firstRefused(first.status);
    }
    const tampered = { ...options, isTampered: true, attempt: twice ? 2 : 1 } as const;
    const response = await inSpan(() => sendSigned(request, tampered));
    const body = await readBounded(response, MAX_ANSWER_BYTES);
    const after = response.status < 400 && proof !== undefined ? (await inSpan(proof)).status : undefined;
    const { traceId, spanId } = span.spanContext();
    return {
      response,
      body,
      ...(after !== undefined && { after }),
      ...(isTraced(span) && { place: { traceId, spanId } }),
    };
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    if (forged?.after !== undefined) await withoutTrace(forged.after).catch(() => {});
    span.end();
  }
}

/** A replay of a request that was never accepted shows nothing. */
function firstRefused(status: number): BackendError {
  const why = `The first request was refused (status ${status}), as after you revoke its permission. Start a new run.`;
  return new BackendError("conflict", why, { code: "token_not_accepted" });
}

/** Sends a request unchanged, and records in the trace what its sender signed. */
export function sendSigned(
  { method, url, headers, body, signature, party }: ForgedRequest,
  options: Pick<SendForgedOptions, "transport" | "timeoutMs"> & {
    readonly attempt?: number;
    readonly isTampered?: true;
  },
): Promise<Response> {
  const { isTampered } = options;
  const { observer, transport } = createAgentTrace(options.transport, { party, isTampered });
  if (signature !== undefined) {
    const { base, components, created, key, scheme, profile, purpose } = signature;
    observer({
      type: "request_signed",
      profile,
      purpose,
      url,
      method,
      scheme,
      created,
      attempt: options.attempt ?? 1,
      coveredComponents: components,
      signatureBase: base,
      kid: key.kid,
      thumbprint: key.thumbprint,
    });
  }
  const signal = AbortSignal.timeout(options.timeoutMs);
  return transport(url, { method, headers: { ...headers }, signal, ...(body && { body }) });
}

/** Does work in a trace that neither this process nor the called ones sample. */
export function withoutTrace<T>(work: () => Promise<T>): Promise<T> {
  const hex = (bytes: number) => randomBytes(bytes).toString("hex");
  const place = { traceId: hex(16), spanId: hex(8), traceFlags: TraceFlags.NONE };
  return context.with(trace.setSpanContext(ROOT_CONTEXT, place), work);
}

/** Whether the span is recorded. It is not without an SDK. */
function isTraced(span: Span): boolean {
  return span.isRecording();
}
