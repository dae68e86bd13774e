import { runTraceSchema } from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { BreakItService } from "../break-it/break-it-service.ts";
import { type TraceClient, TraceStoreError } from "../clients/trace-client.ts";
import { HttpError } from "../plugins/errors.ts";
import { signedInUser } from "../plugins/user.ts";
import { ownSpans } from "../services/own-spans.ts";
import type { RunService } from "../services/run-service.ts";

/** Spans arrive in batches: this long after the last change of a run there may be more. */
const SETTLING_SECONDS = 15;

interface RunTraceOptions {
  runs: RunService;
  traces: TraceClient;
  /** The trace store's page, as a browser reaches it. */
  explorerUrl: string;
  /** Only in demo mode. */
  breakIt: BreakItService | undefined;
  /** Unix seconds. */
  now: () => number;
}

/** `GET /optimization/{id}/trace`: what the trace store knows of a run, for the run's owner. */
export const runTraceRoutes: FastifyPluginAsyncZod<RunTraceOptions> = async (app, options) => {
  const { runs, traces, explorerUrl, breakIt, now } = options;

  async function fetchTraces(ids: readonly string[], runId: string): Promise<unknown[]> {
    try {
      const answers = await Promise.all(ids.map(traces));
      return answers.filter((answer) => answer !== undefined).map((answer) => ownSpans(answer, runId));
    } catch (error) {
      if (!(error instanceof TraceStoreError)) throw error;
      app.log.warn({ err: error }, "a trace could not be fetched");
      throw new HttpError(502, `The run's trace cannot be shown: ${error.message}`);
    }
  }

  app.get(
    "/optimization/:id/trace",
    {
      config: { access: "user" },
      schema: { params: z.object({ id: z.string().max(100) }), response: { 200: runTraceSchema } },
    },
    async (request) => {
      const run = runs.get(signedInUser(request).id, request.params.id);
      return {
        request_id: run.id,
        trace_ids: [...run.traceIds],
        traces: await fetchTraces(run.traceIds, run.id),
        explorer_url: explorerUrl,
        growing: !run.isFinal || now() - run.changedAt < SETTLING_SECONDS,
        ...(breakIt && { break_it: breakIt.offers(run) }),
      };
    },
  );

  if (breakIt === undefined) return;
  app.get(
    "/optimization/:id/attempts/:traceId",
    {
      config: { access: "user" },
      schema: {
        params: z.object({ id: z.string().max(100), traceId: z.string().regex(/^[0-9a-f]{32}$/) }),
        response: { 200: runTraceSchema },
      },
    },
    async (request) => {
      const { id, traceId } = request.params;
      const run = runs.get(signedInUser(request).id, id);
      const attemptedAt = breakIt.attemptedAt(run, traceId);
      if (attemptedAt === undefined) throw new HttpError(404, "No such attempt");
      return {
        request_id: run.id,
        trace_ids: [traceId],
        traces: await fetchTraces([traceId], run.id),
        explorer_url: explorerUrl,
        growing: now() - attemptedAt < SETTLING_SECONDS,
      };
    },
  );
};
