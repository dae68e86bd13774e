import type { FastifyError, FastifyInstance, FastifyReply } from "fastify";
import type { Process, StoredSpan } from "../store/stored-span.ts";
import type { TraceStore } from "../store/trace-store.ts";
import { parseTraceId, parseTraceQuery, QueryError } from "./parse-trace-query.ts";

/**
 * The part of Jaeger's HTTP query API below `/api` that the backend, the page and tools use.
 *
 * @param options.now Unix seconds
 */
export async function queryRoutes(
  app: FastifyInstance,
  options: { readonly store: TraceStore; readonly now: () => number },
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
    const operations = store.operations(request.params.service);
    return answer(reply, operations, { total: operations.length });
  });
  app.get("/api/traces", async (request, reply) => {
    const query = parseTraceQuery(parametersOf(request.url), now());
    return answer(reply, store.find(query).map(jaegerTrace));
  });
  app.get<{ Params: { traceID: string } }>("/api/traces/:traceID", async (request, reply) => {
    const spans = store.get(parseTraceId(request.params.traceID));
    if (spans === undefined) throw new QueryError(404, "trace not found");
    return answer(reply, [jaegerTrace(spans)]);
  });
}

/**
 * Converts one trace to Jaeger's JSON. Equal processes are listed once, as `p1`, `p2`, … in order
 * of appearance.
 */
function jaegerTrace(spans: readonly StoredSpan[]) {
  const processIDs = new Map<string, string>();
  const processes: Record<string, Process> = {};
  const named = spans.map(({ process, ...span }) => {
    const text = JSON.stringify(process);
    const processID = processIDs.get(text) ?? `p${processIDs.size + 1}`;
    processIDs.set(text, processID);
    processes[processID] = process;
    return { ...span, processID };
  });
  return { traceID: spans[0]?.traceID, spans: named, processes, warnings: null };
}

/** Jaeger's envelope of every answer. `total` only applies to lists of names. */
function answer(
  reply: FastifyReply,
  data: readonly unknown[] | null,
  more: { total?: number; errors?: readonly { code: number; msg: string }[] } = {},
): FastifyReply {
  return reply
    .headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" })
    .send({ data, total: more.total ?? 0, limit: 0, offset: 0, errors: more.errors ?? null });
}

/**
 * Parses the query directly, because Fastify merges repeated names and Jaeger's parameters may
 * repeat.
 */
function parametersOf(url: string): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : url.slice(start));
}
