import { ATTRIBUTE, SERVICE_NAME, SPAN } from "aauth-explain/trace-names";
import { apiRoutes, type RunEvidence, type RunTrace } from "backend-api";
import type { FastifyPluginAsync } from "fastify";
import { z } from "zod";
import type { Attempts } from "../break-it/attempts.ts";
import type { DelegatesService } from "../delegates/delegates-service.ts";
import { BackendError } from "../errors.ts";
import type { OrderService } from "../orders/order-service.ts";
import { isFinal } from "../runs/run.ts";
import type { RunService } from "../runs/run-service.ts";
import { ownSpans, placesOfWork, type TracedWork } from "../traces/own-spans.ts";
import type { TraceClient } from "../traces/trace-client.ts";
import { userRoute } from "./user-route.ts";

/**
 * Seconds after a run's last change in which more spans may arrive, because they come in batches.
 */
const SETTLING_SECONDS = 15;

interface RunTraceOptions {
  runs: Pick<RunService, "find" | "get">;
  orders: Pick<OrderService, "traceOf">;
  /** Delegates, whose calls are shown as runs. */
  delegates: Pick<DelegatesService, "traceOf">;
  traces: TraceClient;
  /** The trace store's page, as a browser reaches it. */
  explorerUrl: string;
  /** Only in demo mode. */
  breakIt: Attempts | undefined;
  /** Returns the requests of a run that may be exported whole. Only in demo mode. */
  evidence: ((runId: string) => Promise<RunEvidence["requests"]>) | undefined;
  /** Unix seconds. */
  now: () => number;
}

/** Serves the stored trace of a run or an order to its owner. */
export const runTraceRoutes: FastifyPluginAsync<RunTraceOptions> = async (app, options) => {
  const { runs, orders, delegates, traces, explorerUrl, breakIt, evidence, now } = options;

  async function answer(userId: string, { id, places, isFinal, changedAt }: TracedWork): Promise<RunTrace> {
    const traceIds = [...new Set(places.map(({ traceId }) => traceId))];
    const spanIds = places.map(({ spanId }) => spanId);
    const stored = await Promise.all(traceIds.map(traces.trace));
    const kind = traces.kind();
    return {
      request_id: id,
      trace_ids: traceIds,
      traces: stored
        .filter((traces) => traces !== undefined)
        .map((traces) => ({ data: traces.map((trace) => ownSpans(trace, { id, userId, spanIds })) })),
      explorer_url: explorerUrl,
      ...(kind !== undefined && { explorer: kind }),
      finished: isFinal,
      growing: !isFinal || now() - changedAt < SETTLING_SECONDS,
    };
  }

  /**
   * Reads work that only the trace store still has a record of after a restart.
   *
   * @throws BackendError `not_found`
   */
  async function fromStore(userId: string, id: string, operation: string, what: string): Promise<RunTrace> {
    // Skips the query for an id that cannot be one of ours.
    const found = z.uuid().safeParse(id).success
      ? await traces.find({
          service: SERVICE_NAME.backend,
          operation,
          tags: { [ATTRIBUTE.runId]: id, [ATTRIBUTE.userSub]: userId },
        })
      : [];
    const places = placesOfWork(found, { id, userId, operation });
    if (places.length === 0) throw new BackendError("not_found", `No such ${what}`);
    return answer(userId, { id, places, isFinal: true, changedAt: 0 });
  }

  userRoute(app, apiRoutes.runTrace, async ({ user, params: { id } }) => {
    const run = await runs.find(user.id, id);
    const call = run === undefined ? await delegates.traceOf(user.id, id) : undefined;
    if (call !== undefined) return answer(user.id, call);
    if (run === undefined) return fromStore(user.id, id, SPAN.run, "optimization");
    const trace = await answer(user.id, { ...run, isFinal: isFinal(run) });
    return { ...trace, ...(breakIt && { break_it: breakIt.offers(run) }) };
  });

  userRoute(app, apiRoutes.orderTrace, async ({ user, params: { id } }) => {
    const order = await orders.traceOf(user.id, id);
    return order === undefined ? fromStore(user.id, id, SPAN.order, "order") : answer(user.id, order);
  });

  if (evidence !== undefined)
    userRoute(app, apiRoutes.runEvidence, async ({ user, params: { id } }) => {
      const run = await runs.get(user.id, id);
      return { requests: await evidence(run.id) };
    });
  if (breakIt === undefined) return;
  userRoute(app, apiRoutes.breakIt, async ({ user, params }) =>
    breakIt.attempt(await runs.get(user.id, params.id), params.variant),
  );
  userRoute(app, apiRoutes.attemptTrace, async ({ user, params: { id, traceId } }) => {
    const run = await runs.get(user.id, id);
    const attempt = breakIt.attemptOf(run, traceId);
    if (attempt === undefined) throw new BackendError("not_found", "No such attempt");
    const { spanId, at: changedAt } = attempt;
    return answer(user.id, { id, places: [{ traceId, spanId }], isFinal: true, changedAt });
  });
};
