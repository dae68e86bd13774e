import { type Span, trace } from "@opentelemetry/api";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ATTRIBUTE } from "./attribute-names.ts";
import { headersJson, shownBody } from "./cut.ts";

/**
 * Writes request and answer of every route of an instance onto the request's span: header fields and the beginnings of the bodies,
 * cut and redacted. Call it before routes are added. A body that streams is left out.
 */
export function traceMessages(app: FastifyInstance): void {
  app.addHook("onSend", (request, reply, payload, done) => {
    const span = trace.getActiveSpan();
    if (span?.isRecording() === true) recordMessages(span, request, reply, payload);
    done();
  });
}

function recordMessages(span: Span, request: FastifyRequest, reply: FastifyReply, payload: unknown): void {
  const contentType = reply.getHeader("content-type");
  span.setAttributes({
    [ATTRIBUTE.requestHeaders]: headersJson(Object.entries(request.headers)),
    [ATTRIBUTE.requestBody]: shownBody(receivedBody(request), request.headers["content-type"]),
    [ATTRIBUTE.responseHeaders]: headersJson(Object.entries(reply.getHeaders())),
    [ATTRIBUTE.responseBody]: shownBody(
      typeof payload === "string" || Buffer.isBuffer(payload) ? payload : undefined,
      typeof contentType === "string" ? contentType : undefined,
    ),
  });
}

/** The bytes as they came, where somebody has kept them: the gate, or a parser. */
function receivedBody({ rawBody, body }: FastifyRequest): string | Uint8Array | undefined {
  if (rawBody !== undefined && rawBody !== null) return rawBody;
  return typeof body === "string" || Buffer.isBuffer(body) ? body : undefined;
}
