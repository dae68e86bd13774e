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

export function actionLabel({ action, at_hand: isAtHand, auth_token: token }: Activity): string {
  if (isAtHand) return "Auth token at hand";
  // What was wanted of a caller without a token is its name.
  if (action === "request_retried" && token === undefined) return "Request repeated with identity";
  return actions[action];
}

/** For whom and for what the agent acted, as far as an auth token has said so: name and value of each fact. */
export function tokenFacts({ auth_token: token, action, status }: Activity): [string, string][] {
  if (token === undefined) {
    // It came, and was for somebody else.
    if (action === "token_received") return [];
    const isWholeRun = action === "supply_chain_optimization" && status === "completed";
    return [["Auth token", isWholeRun ? "none was needed" : "none"]];
  }
  if (token.aud === undefined) return [["Auth token", "at hand from an earlier run"]];
  return [
    ["For user", token.sub ?? "nobody: the agent acts for itself"],
    ["Audience", token.aud],
    ...(token.scope === undefined ? [] : [["Scope", token.scope] as [string, string]]),
    ...(token.act === undefined
      ? []
      : [["Acting chain (act)", JSON.stringify(token.act)] as [string, string]]),
  ];
}

export function agentLabel({ agent }: Activity): string {
  return agents[agent] ?? agent;
}
