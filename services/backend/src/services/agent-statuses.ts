import type { AgentStatus } from "backend-api";
import type { Run } from "../runs/run.ts";

/** The one agent the backend calls. */
const WORKING_AGENT = "supply-chain-optimizer";

/** The demo's dashboard: one agent that works and five that stand by. */
const AGENT_IDS = [
  WORKING_AGENT,
  "inventory-service",
  "financial-service",
  "market-analysis-agent",
  "vendor-service",
  "procurement-agent",
];

/** The dashboard as one user sees it. @param runs the user's runs, newest first */
export function agentStatuses(runs: readonly Run[]): AgentStatus[] {
  const active = runs.find((run) => run.status === "running");
  const lastChange = Math.max(...runs.map((run) => run.changedAt));
  return AGENT_IDS.map((agent_id) => {
    const works = agent_id === WORKING_AGENT && runs.length > 0;
    return {
      agent_id,
      status: works && active ? "active" : "idle",
      last_activity: works ? new Date(lastChange * 1000).toISOString() : null,
      current_task: works && active ? active.id : null,
    };
  });
}
