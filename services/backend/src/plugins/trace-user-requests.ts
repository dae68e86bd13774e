import { trace } from "@opentelemetry/api";
import type { FastifyInstance } from "fastify";
import { traceMessages } from "protocol-trace";
import { ATTRIBUTE } from "protocol-trace/names";

/** A member that holds an address: what is in its query opens a page, or is as good as a token. */
const ADDRESS_QUERY = /("[a-z_]*url"\s*:\s*"[^"?]*\?)[^"]*/gi;

/**
 * Writes what a user's browser asked, and what it was answered, onto the request's span; the user's
 * access token and cookies are left out, and so is what follows the `?` of an address. Call it
 * before routes are added, and only where a run or an order begins, not for the requests by which a
 * page watches one.
 */
export function traceUserRequests(app: FastifyInstance): void {
  app.addHook("preHandler", async (request) => {
    // Another user's request can be in the same trace, and below a span of this one.
    if (request.user) trace.getActiveSpan()?.setAttribute(ATTRIBUTE.userSub, request.user.id);
    // The bytes of an unsigned body are not kept: the parsed body is serialized again.
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
