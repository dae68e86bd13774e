import { type Span, trace } from "@opentelemetry/api";
import { ATTRIBUTE } from "aauth-explain/trace-names";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { headersJson, redactedBody } from "./redacted-message.ts";

/**
 * Records request and response of every route of an instance on the request's span: header fields
 * and the beginnings of bodies, truncated and redacted. Call it before adding routes. Streamed
 * bodies are omitted.
 */
export function traceMessages(app: FastifyInstance): void {
  app.addHook("onSend", (request, reply, payload, done) => {
    const span = trace.getActiveSpan();
    if (span?.isRecording() === true) recordMessages(span, request, reply, payload);
    done();
  });
}

function recordMessages(span: Span, request: FastifyRequest, reply: FastifyReply, payload: unknown): void {
  const type = reply.getHeader("content-type");
  span.setAttributes({
    [ATTRIBUTE.requestHeaders]: headersJson(Object.entries(request.headers)),
    [ATTRIBUTE.requestBody]: redactedBody(receivedBody(request), request.headers["content-type"]),
    [ATTRIBUTE.responseHeaders]: headersJson(Object.entries(reply.getHeaders())),
    [ATTRIBUTE.responseBody]: redactedBody(bytesOf(payload), typeof type === "string" ? type : undefined),
  });
}

/** The received bytes, if the verifier or a parser has kept them. */
function receivedBody({ rawBody, body }: FastifyRequest): string | Uint8Array | undefined {
  return rawBody ?? bytesOf(body);
}

function bytesOf(body: unknown): string | Uint8Array | undefined {
  return typeof body === "string" || Buffer.isBuffer(body) ? body : undefined;
}
