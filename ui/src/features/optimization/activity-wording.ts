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

const personTokenActions: Partial<Record<ActivityAction, string>> = {
  token_requested: "Person token requested",
  token_received: "Person token received",
  request_retried: "Request repeated with person token",
};

export function actionLabel(activity: Activity): string {
  const { action, at_hand: isCached, auth_token: token, person_token: isPersonToken } = activity;
  const ofPerson = isPersonToken && personTokenActions[action];
  if (ofPerson) return ofPerson;
  if (isCached) return "Cached auth token";
  // Without a token, the challenge required an identity.
  if (action === "request_retried" && token === undefined) return "Request repeated with identity";
  return actions[action];
}

/** User, audience, scope and chain of the auth token, as names and values. */
export function tokenFacts({ auth_token: token, action, status }: Activity): [string, string][] {
  if (token === undefined) {
    // The auth token has another audience.
    if (action === "token_received") return [];
    const isWholeRun = action === "supply_chain_optimization" && status === "completed";
    return [["Auth token", isWholeRun ? "not needed" : "none"]];
  }
  if (token.aud === undefined) return [["Auth token", "cached from an earlier run"]];
  return [
    ["For user", token.sub ?? "none: the agent acts for itself"],
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
