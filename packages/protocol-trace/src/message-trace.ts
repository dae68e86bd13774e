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
  recordExchange(
    span,
    { headers: request.headers, body: receivedBody(request) },
    {
      headers: reply.getHeaders(),
      body: typeof payload === "string" || Buffer.isBuffer(payload) ? payload : undefined,
    },
  );
}

/** One of two messages, as far as it is known. Header names in lower case. */
export interface TracedMessage {
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly body: string | Uint8Array | undefined;
}

/** Writes a request and its answer onto a span, where no instance of Fastify does it. */
export function recordExchange(span: Span, request: TracedMessage, response: TracedMessage): void {
  span.setAttributes({
    [ATTRIBUTE.requestHeaders]: headersJson(Object.entries(request.headers)),
    [ATTRIBUTE.requestBody]: shownBody(request.body, contentType(request)),
    [ATTRIBUTE.responseHeaders]: headersJson(Object.entries(response.headers)),
    [ATTRIBUTE.responseBody]: shownBody(response.body, contentType(response)),
  });
}

function contentType({ headers }: TracedMessage): string | undefined {
  const type = headers["content-type"];
  return typeof type === "string" ? type : undefined;
}

/** The bytes as they came, where the verifier or a parser has kept them. */
function receivedBody({ rawBody, body }: FastifyRequest): string | Uint8Array | undefined {
  if (rawBody !== undefined && rawBody !== null) return rawBody;
  return typeof body === "string" || Buffer.isBuffer(body) ? body : undefined;
}
