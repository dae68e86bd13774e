/** Agents and scopes that an operator allows. An empty list of allowed ones allows all. */
export interface GrantPolicy {
  readonly allowedAgents: readonly string[];
  readonly blockedAgents: readonly string[];
  /** Scopes that may be granted. */
  readonly allowedScopes: readonly string[];
  /** Scopes that need a person's consent, compared exactly. */
  readonly consentScopes: readonly string[];
  readonly consentScopePrefixes: readonly string[];
}

/** Whether the agent is not blocked and is on the allow list, if there is one. */
export function agentAllowed(policy: GrantPolicy, agent: string): boolean {
  if (policy.blockedAgents.includes(agent)) return false;
  return policy.allowedAgents.length === 0 || policy.allowedAgents.includes(agent);
}

/** Whether every scope may be granted. */
export function scopesAllowed(policy: GrantPolicy, scopes: readonly string[]): boolean {
  return policy.allowedScopes.length === 0 || scopes.every((scope) => policy.allowedScopes.includes(scope));
}

/** Whether one of the scopes needs the person's consent. */
export function consentNeeded(policy: GrantPolicy, scopes: readonly string[]): boolean {
  return scopes.some(
    (scope) =>
      policy.consentScopes.includes(scope) ||
      policy.consentScopePrefixes.some((prefix) => scope.startsWith(prefix)),
  );
}
