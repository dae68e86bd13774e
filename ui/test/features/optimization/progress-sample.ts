import type { Activity, Progress, Results } from "backend-api";

export function activity(change: Partial<Activity> = {}): Activity {
  return {
    id: 1,
    request_id: "run-1",
    timestamp: "2026-02-01T10:00:00Z",
    agent: "a2a-supply-chain-agent",
    action: "supply_chain_optimization",
    delegation: { sub: "u", aud: "a2a-agent", scope: "supply-chain:optimize", act: null },
    status: "running",
    details: "",
    ...change,
  };
}

export function progress(change: Partial<Progress> = {}): Progress {
  return {
    request_id: "run-1",
    status: "running",
    progress_percentage: 10,
    current_step: "Connecting to A2A supply-chain agent",
    estimated_completion: null,
    activities: [activity()],
    ...change,
  };
}

export function results(change: Partial<Results> = {}): Results {
  return {
    request_id: "run-1",
    recommendations: [],
    reasoning: [],
    completed_at: "2026-02-01T10:00:02.500Z",
    ...change,
  };
}
