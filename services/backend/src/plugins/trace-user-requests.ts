import { trace } from "@opentelemetry/api";
import { ATTRIBUTE } from "aauth-explain/trace-names";
import type { FastifyInstance } from "fastify";
import { traceMessages } from "protocol-trace";

/** A JSON member with a URL, whose query may open a page or work like a token. */
const ADDRESS_QUERY = /("[a-z_]*url"\s*:\s*"[^"?]*\?)[^"]*/gi;

/**
 * Records a browser's request and its response on the request's span, without the user's access
 * token, cookies and the queries of URLs. Call it before adding routes, and only for routes that
 * begin a run or an order, not for those that a page polls.
 */
export function traceUserRequests(app: FastifyInstance): void {
  app.addHook("preHandler", async (request) => {
    // Another user's request can be in the same trace, below a span of this one.
    if (request.user) trace.getActiveSpan()?.setAttribute(ATTRIBUTE.userSub, request.user.id);
    // The original bytes of an unsigned body are not available, so the parsed body is serialized
    // again.
    if (request.body !== undefined && request.body !== null) {
      request.rawBody = Buffer.from(JSON.stringify(request.body));
    }
  });
  traceMessages(app);
  app.addHook("onSend", async (_request, _reply, payload) => {
    const span = trace.getActiveSpan();
    if (span?.isRecording() !== true || typeof payload !== "string") return;
    const shown = payload.replace(ADDRESS_QUERY, "$1…");
    if (shown !== payload) span.setAttribute(ATTRIBUTE.responseBody, shown);
  });
}
