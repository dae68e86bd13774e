import { activityListSchema, agentStatusListSchema, agentStatusSchema, clearedSchema } from "backend-api";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import { HttpError } from "../plugins/errors.ts";
import { signedInUser } from "../plugins/user.ts";
import { agentStatuses } from "../services/agent-statuses.ts";
import type { RunService } from "../services/run-service.ts";

export const agentRoutes: FastifyPluginAsyncZod<{ runs: RunService }> = async (app, { runs }) => {
  const config = { access: "user" } as const;

  app.get(
    "/agents/status",
    { config, schema: { response: { 200: agentStatusListSchema } } },
    async (request) => agentStatuses(runs.list(signedInUser(request).id)),
  );

  app.get(
    "/agents/status/:id",
    {
      config,
      schema: { params: z.object({ id: z.string().max(100) }), response: { 200: agentStatusSchema } },
    },
    async (request) => {
      const statuses = agentStatuses(runs.list(signedInUser(request).id));
      const status = statuses.find(({ agent_id }) => agent_id === request.params.id);
      if (!status) throw new HttpError(404, "Agent not found");
      return status;
    },
  );

  app.get(
    "/agents/activities",
    {
      config,
      schema: {
        querystring: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) }),
        response: { 200: activityListSchema },
      },
    },
    async (request) => {
      const activities = runs.list(signedInUser(request).id).flatMap((run) => run.feed().toReversed());
      return activities.slice(0, request.query.limit);
    },
  );

  app.delete(
    "/agents/activities",
    { config, schema: { response: { 200: clearedSchema } } },
    async (request) => {
      const counts = runs.list(signedInUser(request).id).map((run) => run.clearFeed());
      return {
        message: "Your activities have been cleared",
        cleared: counts.reduce((sum, count) => sum + count, 0),
      };
    },
  );
};
