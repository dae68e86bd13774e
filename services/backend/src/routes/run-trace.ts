import { type RunTrace, runTraceSchema } from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { SERVICE_NAME, SPAN } from "protocol-trace/names";
import { z } from "zod";
import type { BreakItService } from "../break-it/break-it-service.ts";
import { type TraceClient, TraceStoreError } from "../clients/trace-client.ts";
import type { OrderService } from "../orders/order-service.ts";
import { HttpError } from "../plugins/errors.ts";
import { signedInUser } from "../plugins/user.ts";
import { ownSpans } from "../services/own-spans.ts";
import type { RunService } from "../services/run-service.ts";
import { lookUpOwn, type TracedWork } from "../services/traced-work.ts";

/** Spans arrive in batches: this long after the last change of a run there may be more. */
const SETTLING_SECONDS = 15;

interface RunTraceOptions {
  runs: RunService;
  orders: Pick<OrderService, "traceOf">;
  traces: TraceClient;
  /** The trace store's page, as a browser reaches it. */
  explorerUrl: string;
  /** Only in demo mode. */
  breakIt: BreakItService | undefined;
  /** Unix seconds. */
  now: () => number;
}

const workParams = z.object({ id: z.string().max(100) });
const attemptParams = workParams.extend({ traceId: z.string().regex(/^[0-9a-f]{32}$/) });

/** What the trace store knows of a run or an order, for its owner. */
export const runTraceRoutes: FastifyPluginAsyncZod<RunTraceOptions> = async (app, options) => {
  const { runs, orders, traces, explorerUrl, breakIt, now } = options;
  const config = { access: "user" } as const;
  const response = { 200: runTraceSchema };

  async function asking<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof TraceStoreError)) throw error;
      app.log.warn({ err: error }, "a trace could not be fetched");
      throw new HttpError(502, `The run's trace cannot be shown: ${error.message}`);
    }
  }

  /** @param answers what the store gave already; default: it is asked */
  async function answer(userId: string, work: TracedWork, answers?: readonly unknown[]): Promise<RunTrace> {
    const { id, traceIds, spanIds, isFinal, changedAt } = work;
    const stored = answers ?? (await asking(() => Promise.all(traceIds.map(traces.trace))));
    const kind = traces.kind();
    return {
      request_id: id,
      trace_ids: [...traceIds],
      traces: stored
        .filter((trace) => trace !== undefined)
        .map((trace) => ownSpans(trace, { id, userId, spanIds })),
      explorer_url: explorerUrl,
      ...(kind !== undefined && { explorer: kind }),
      finished: isFinal,
      growing: !isFinal || now() - changedAt < SETTLING_SECONDS,
    };
  }

  /** Work that the backend has forgotten, having been started anew, but the trace store has not. @throws HttpError 404 */
  async function remembered(userId: string, id: string, operation: string, what: string): Promise<RunTrace> {
    const service = SERVICE_NAME.backend;
    const found = await asking(() => lookUpOwn(traces, { id, userId, service, operation }));
    if (found.length === 0) throw new HttpError(404, `No such ${what}`);
    const traceIds = found.map(({ traceId }) => traceId);
    const spanIds = found.flatMap((own) => own.spanIds);
    const work = { id, traceIds, spanIds, isFinal: true, changedAt: 0 };
    return answer(
      userId,
      work,
      found.map((own) => own.answer),
    );
  }

  app.get(
    "/optimization/:id/trace",
    { config, schema: { params: workParams, response } },
    async (request) => {
      const { id: userId } = signedInUser(request);
      const { id } = request.params;
      const run = runs.find(userId, id);
      if (run === undefined) return remembered(userId, id, SPAN.run, "optimization");
      return { ...(await answer(userId, run)), ...(breakIt && { break_it: breakIt.offers(run) }) };
    },
  );

  app.get("/orders/:id/trace", { config, schema: { params: workParams, response } }, async (request) => {
    const { id: userId } = signedInUser(request);
    const { id } = request.params;
    const order = orders.traceOf(userId, id);
    return order === undefined ? remembered(userId, id, SPAN.order, "order") : answer(userId, order);
  });

  if (breakIt === undefined) return;
  app.get(
    "/optimization/:id/attempts/:traceId",
    { config, schema: { params: attemptParams, response } },
    async (request) => {
      const { id, traceId } = request.params;
      const run = runs.get(signedInUser(request).id, id);
      const attempt = breakIt.attemptOf(run, traceId);
      if (attempt === undefined) throw new HttpError(404, "No such attempt");
      const { spanId, at: changedAt } = attempt;
      return answer(run.userId, {
        id: run.id,
        traceIds: [traceId],
        spanIds: [spanId],
        isFinal: true,
        changedAt,
      });
    },
  );
};
