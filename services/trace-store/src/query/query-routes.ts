import type { FastifyError, FastifyInstance, FastifyReply } from "fastify";
import type { TraceStore } from "../store/trace-store.ts";
import { jaegerTrace } from "./jaeger-trace.ts";
import { parseTraceId, parseTraceQuery } from "./parse-trace-query.ts";
import { QueryError } from "./query-error.ts";

const TRACE_NOT_FOUND = "trace not found";

/** One entry of an answer's `errors`. */
interface ReportedError {
  readonly code?: number;
  readonly msg: string;
  readonly traceID?: string;
}

/** Jaeger's HTTP query API below `/api`, as far as its page, its command line tools and ours use it. */
export async function queryRoutes(
  app: FastifyInstance,
  options: { readonly store: TraceStore /** Unix seconds. */; readonly now: () => number },
): Promise<void> {
  const { store, now } = options;
  app.setErrorHandler<FastifyError | QueryError>((error, _request, reply) => {
    if (!(error instanceof QueryError)) throw error;
    return answer(reply.code(error.status), null, { errors: [{ code: error.status, msg: error.message }] });
  });

  app.get("/api/services", async (_request, reply) => {
    const services = store.services();
    return answer(reply, services, { total: services.length });
  });
  app.get<{ Params: { service: string } }>("/api/services/:service/operations", async (request, reply) => {
    const names = [...new Set(store.operations(request.params.service).map(({ name }) => name))];
    return answer(reply, names, { total: names.length });
  });
  app.get("/api/operations", async (request, reply) => {
    const parameters = parametersOf(request.url);
    const service = parameters.get("service");
    if (!service) throw new QueryError(400, "parameter 'service' is required");
    const operations = store.operations(service, parameters.get("spanKind") || undefined);
    return answer(reply, operations, { total: operations.length });
  });
  app.get("/api/traces", async (request, reply) => {
    const query = parseTraceQuery(parametersOf(request.url), now());
    if (!("traceIDs" in query)) return answer(reply, store.find(query).map(jaegerTrace));
    const found = query.traceIDs.map((traceID) => ({ traceID, spans: store.get(traceID) }));
    const missing = found.filter(({ spans }) => spans === undefined);
    return answer(
      reply,
      found.flatMap(({ spans }) => (spans === undefined ? [] : [jaegerTrace(spans)])),
      missing.length === 0
        ? {}
        : { errors: missing.map(({ traceID }) => ({ msg: TRACE_NOT_FOUND, traceID })) },
    );
  });
  app.get<{ Params: { traceID: string } }>("/api/traces/:traceID", async (request, reply) => {
    const spans = store.get(parseTraceId(request.params.traceID));
    if (spans === undefined) throw new QueryError(404, TRACE_NOT_FOUND);
    return answer(reply, [jaegerTrace(spans)]);
  });
}

/** Jaeger's own frame around every answer. `total` counts lists of names only; traces are not counted, there as here. */
function answer(
  reply: FastifyReply,
  data: readonly unknown[] | null,
  more: { total?: number; errors?: readonly ReportedError[] } = {},
): FastifyReply {
  return reply
    .type("application/json; charset=utf-8")
    .headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" })
    .send(JSON.stringify({ data, total: more.total ?? 0, limit: 0, offset: 0, errors: more.errors ?? null }));
}

/** Fastify's own query object merges repeated names; Jaeger's parameters may repeat. */
function parametersOf(url: string): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : url.slice(start));
}
