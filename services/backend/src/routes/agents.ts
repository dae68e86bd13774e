import { type AgentStatus, apiRoutes } from "backend-api";
import type { FastifyPluginAsync } from "fastify";
import { BackendError } from "../errors.ts";
import { feedOf, isoTime, type Run } from "../runs/run.ts";
import type { RunService } from "../runs/run-service.ts";
import { userRoute } from "./user-route.ts";

/** The only agent that the backend calls. */
const WORKING_AGENT = "supply-chain-optimizer";

/** The demo's dashboard: one active agent and five on standby. */
const AGENT_IDS = [
  WORKING_AGENT,
  "inventory-service",
  "financial-service",
  "market-analysis-agent",
  "vendor-service",
  "procurement-agent",
];

export const agentRoutes: FastifyPluginAsync<{ runs: RunService }> = async (app, { runs }) => {
  userRoute(app, apiRoutes.agentStatuses, async ({ user }) => agentStatuses(await runs.list(user.id)));

  userRoute(app, apiRoutes.agentStatus, async ({ user, params }) => {
    const statuses = agentStatuses(await runs.list(user.id));
    const status = statuses.find(({ agent_id }) => agent_id === params.id);
    if (status === undefined) throw new BackendError("not_found", "Agent not found");
    return status;
  });

  userRoute(app, apiRoutes.activities, async ({ user, query }) => {
    const activities = (await runs.list(user.id)).flatMap((run) => feedOf(run).toReversed());
    return activities.slice(0, query.limit);
  });

  userRoute(app, apiRoutes.clearActivities, async ({ user }) => ({
    message: "Your activities have been cleared",
    cleared: await runs.clearFeed(user.id),
  }));
};

/** Dashboard for one user. @param runs the user's runs, newest first */
function agentStatuses(runs: readonly Run[]): AgentStatus[] {
  const active = runs.find((run) => run.status === "running");
  const lastChange = Math.max(...runs.map((run) => run.changedAt));
  return AGENT_IDS.map((agent_id) => {
    const works = agent_id === WORKING_AGENT && runs.length > 0;
    return {
      agent_id,
      status: works && active ? "active" : "idle",
      last_activity: works ? isoTime(lastChange) : null,
      current_task: works && active ? active.id : null,
    };
  });
}
