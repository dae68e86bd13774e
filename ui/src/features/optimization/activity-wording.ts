import type { Activity, ActivityAction } from "backend-api";

const actions: Record<ActivityAction, string> = {
  supply_chain_optimization: "Supply chain optimization",
  request_signed: "Request signed",
  challenge_received: "Challenge received",
  token_requested: "Auth token requested",
  token_received: "Auth token received",
  request_retried: "Request repeated with auth token",
  response_received: "Response received",
  consent_required: "Consent required",
  consent_received: "Consent received",
};

const agents: Record<string, string> = {
  backend: "Backend",
  "a2a-supply-chain-agent": "Supply-chain agent",
};

export function actionLabel({ action }: Activity): string {
  return actions[action];
}

export function agentLabel({ agent }: Activity): string {
  return agents[agent] ?? agent;
}
