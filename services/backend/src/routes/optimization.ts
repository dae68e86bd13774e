import { withSpan } from "agent-kit/service";
import {
  clearedSchema,
  connectionTestSchema,
  type Progress,
  progressListSchema,
  progressSchema,
  resultsSchema,
  startReplySchema,
  startRequestSchema,
} from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { SPAN } from "protocol-trace";
import { z } from "zod";
import { HttpError } from "../plugins/errors.ts";
import { traceUserRequests } from "../plugins/trace-user-requests.ts";
import { signedInUser } from "../plugins/user.ts";
import { resultsFrom } from "../services/results.ts";
import type { RunService } from "../services/run-service.ts";

const MAX_LISTED_PROMPT = 200;

const runParams = z.object({ id: z.string().max(100) });

export const optimizationRoutes: FastifyPluginAsyncZod<{ runs: RunService }> = async (app, { runs }) => {
  const config = { access: "user" } as const;

  // The demo's POST /agents/start never worked (it raised KeyError); here it is another name for the same thing.
  const starting: FastifyPluginAsyncZod = async (scope) => {
    traceUserRequests(scope);
    for (const url of ["/optimization/start", "/agents/start"]) {
      scope.post(
        url,
        { config, schema: { body: startRequestSchema, response: { 200: startReplySchema } } },
        async (request) =>
          withSpan(SPAN.startOptimization, () => runs.start(signedInUser(request).id, request.body)),
      );
    }
  };
  await app.register(starting);

  app.get(
    "/optimization/progress/:id",
    { config, schema: { params: runParams, response: { 200: progressSchema } } },
    async (request) => runs.get(signedInUser(request).id, request.params.id).progress(),
  );

  app.get(
    "/optimization/results/:id",
    { config, schema: { params: runParams, response: { 200: resultsSchema } } },
    async (request) => {
      const run = runs.get(signedInUser(request).id, request.params.id);
      const { id: requestId, report, reportData: data, changedAt: completedAt } = run;
      if (report === undefined) throw new HttpError(404, "The optimization is not completed");
      return resultsFrom({ requestId, report, data, completedAt });
    },
  );

  app.get(
    "/optimization/all",
    { config, schema: { response: { 200: progressListSchema } } },
    async (request) => runs.list(signedInUser(request).id).map((run) => listed(run.progress())),
  );

  app.delete(
    "/optimization/clear",
    { config, schema: { response: { 200: clearedSchema } } },
    async (request) => ({
      message: "Your optimizations have been cleared",
      cleared: runs.clear(signedInUser(request).id),
    }),
  );

  app.get(
    "/optimization/test-a2a-connection",
    { config, schema: { response: { 200: connectionTestSchema } } },
    async () => runs.testConnection(),
  );
};

/** A prompt may be long, and a list has many. */
function listed(progress: Progress): Progress {
  const { prompt } = progress;
  if (prompt === undefined || prompt.length <= MAX_LISTED_PROMPT) return progress;
  // Not half a surrogate pair.
  return {
    ...progress,
    prompt: `${prompt.slice(0, MAX_LISTED_PROMPT - 1).replace(/[\ud800-\udbff]$/, "")}…`,
  };
}
