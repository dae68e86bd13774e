import { withSpan } from "agent-kit/service";
import { apiRoutes, type Progress } from "backend-api";
import type { FastifyPluginAsync } from "fastify";
import { SPAN } from "protocol-trace";
import { traceUserRequests } from "../plugins/trace-user-requests.ts";
import { resultsFrom } from "../runs/results.ts";
import { progressOf } from "../runs/run.ts";
import type { RunService } from "../runs/run-service.ts";
import { userRoute } from "./user-route.ts";

const MAX_LISTED_PROMPT = 200;

export const optimizationRoutes: FastifyPluginAsync<{ runs: RunService }> = async (app, { runs }) => {
  await app.register(async (scope) => {
    traceUserRequests(scope);
    userRoute(scope, apiRoutes.start, async ({ user, body }) =>
      withSpan(SPAN.startOptimization, () => runs.start(user.id, body)),
    );
  });

  userRoute(app, apiRoutes.progress, async ({ user, params }) =>
    progressOf(await runs.get(user.id, params.id)),
  );
  userRoute(app, apiRoutes.results, async ({ user, params }) =>
    resultsFrom(await runs.get(user.id, params.id)),
  );
  userRoute(app, apiRoutes.runs, async ({ user }) =>
    (await runs.list(user.id)).map((run) => listed(progressOf(run))),
  );
  userRoute(app, apiRoutes.clearRuns, async ({ user }) => ({
    message: "Your optimizations have been cleared",
    cleared: await runs.clear(user.id),
  }));
  userRoute(app, apiRoutes.testConnection, async ({ user }) => runs.testConnection(user.id));
};

/** Shortens long prompts for lists of runs. */
function listed(progress: Progress): Progress {
  const { prompt } = progress;
  if (prompt === undefined || prompt.length <= MAX_LISTED_PROMPT) return progress;
  // Avoids splitting a surrogate pair.
  return {
    ...progress,
    prompt: `${prompt.slice(0, MAX_LISTED_PROMPT - 1).replace(/[\ud800-\udbff]$/, "")}…`,
  };
}
