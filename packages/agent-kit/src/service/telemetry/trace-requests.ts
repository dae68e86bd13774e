import {
  context,
  INVALID_SPANID,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { redactAddresses } from "protocol-trace/redact";

declare module "fastify" {
  interface FastifyContextConfig {
    /**
     * Set for a route whose requests create no span, because their effects have separate traces.
     * Default: unset.
     */
    hasOwnTrace?: true;
  }
}

const MAX_HOST_CHARACTERS = 255;

/**
 * Creates a SERVER span for each request, as a child of the caller's span (W3C `traceparent`),
 * which ends with the response and includes all hooks and the handler. Names and attributes follow
 * OpenTelemetry's conventions for HTTP; paths exclude the query, which may contain a code.
 *
 * A GET without `traceparent` creates no span, because polling pages and fetched documents would
 * dominate the traces. Neither does `/health`.
 */
export function traceRequests(app: FastifyInstance): void {
  const tracer = trace.getTracer("agent-kit");

  app.addHook("onRequest", (request, reply, done) => {
    if (!isTraced(request)) return done();
    const route = request.routeOptions.url;
    const parent = propagation.extract(ROOT_CONTEXT, request.headers);
    const name = route === undefined ? request.method : `${request.method} ${route}`;
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER }, parent);
    // In a service without a tracer, the API returns the caller's span or none, which must not be
    // propagated.
    const { spanId } = span.spanContext();
    if (spanId === (trace.getSpanContext(parent)?.spanId ?? INVALID_SPANID)) return done();
    // An unsampled trace is propagated as well.
    if (span.isRecording()) {
      span.setAttributes(attributesOf(request, route));
      // Also emitted if the caller disconnects before the response.
      reply.raw.once("close", () => endWithAnswer(span, reply.raw.statusCode));
    }
    // Fastify restores this context after it has read the body.
    context.with(trace.setSpan(parent, span), done);
  });
}

/** Ends a SERVER span with the status of the response; 500 and above is an error. */
export function endWithAnswer(span: Span, statusCode: number): void {
  span.setAttribute("http.response.status_code", statusCode);
  if (statusCode >= 500) {
    span.setAttribute("error.type", String(statusCode));
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

function isTraced(request: FastifyRequest): boolean {
  if (request.routeOptions.config.hasOwnTrace) return false;
  if (request.url === "/health") return false;
  return request.headers.traceparent !== undefined || !/^(?:GET|HEAD|OPTIONS)$/.test(request.method);
}

function attributesOf(request: FastifyRequest, route: string | undefined) {
  const { port } = request;
  return {
    "http.request.method": request.method,
    "url.scheme": request.protocol,
    "url.path": redactAddresses(request.url.split("?", 1)[0]!),
    ...(route !== undefined && { "http.route": route }),
    "server.address": request.hostname.slice(0, MAX_HOST_CHARACTERS),
    ...(port !== null && { "server.port": port }),
    "client.address": request.ip,
  };
}
