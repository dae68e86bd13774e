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
import { cutAddresses } from "protocol-trace/redact";

declare module "fastify" {
  interface FastifyContextConfig {
    /**
     * Requests of the route make no span: what they cause is in traces of its own. Default: unset.
     */
    hasOwnTrace?: true;
  }
}

const MAX_HOST_CHARACTERS = 255;

/**
 * A SERVER span for each request, ended with its answer, as a child of the caller's (W3C
 * `traceparent`). Everything that the request's hooks and handler do belongs to it. Names and
 * attributes are OpenTelemetry's conventions for HTTP; a path is written without its query, which
 * may hold a code.
 *
 * A GET without `traceparent` makes no span: pages that poll and verifiers that fetch documents
 * would bury what matters. Nor does `/health`.
 */
export function traceRequests(app: FastifyInstance): void {
  const tracer = trace.getTracer("agent-kit");

  app.addHook("onRequest", (request, reply, done) => {
    if (!isTraced(request)) return done();
    const route = request.routeOptions.url;
    const parent = propagation.extract(ROOT_CONTEXT, request.headers);
    const name = route === undefined ? request.method : `${request.method} ${route}`;
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER }, parent);
    // A service without a tracer has no place in a trace, and hands none on: the API gives it the
    // caller's span, or none.
    const { spanId } = span.spanContext();
    if (spanId === (trace.getSpanContext(parent)?.spanId ?? INVALID_SPANID)) return done();
    // A trace that is not sampled is handed on all the same.
    if (span.isRecording()) {
      span.setAttributes(attributesOf(request, route));
      // Also when the caller has gone before its answer.
      reply.raw.once("close", () => endWithAnswer(span, reply.raw.statusCode));
    }
    // Fastify itself comes back to this context when it has read the body.
    context.with(trace.setSpan(parent, span), done);
  });
}

/** Ends a SERVER span with its answer's status; one of 500 and above is an error. */
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
    "url.path": cutAddresses(request.url.split("?", 1)[0]!),
    ...(route !== undefined && { "http.route": route }),
    "server.address": request.hostname.slice(0, MAX_HOST_CHARACTERS),
    ...(port !== null && { "server.port": port }),
    "client.address": request.ip,
  };
}
