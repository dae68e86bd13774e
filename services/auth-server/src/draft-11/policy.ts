import type { Decide } from "aauth/issuer";
import { agentAllowed, consentNeeded, type Policy, scopesAllowed } from "../realm/policy.ts";

export interface PolicyOptions {
  /** That of the realm, asked for each request. Agents are on its lists by their agent provider. */
  readonly policy: () => Policy;
  /** Identifiers of the resources that the operator knows. */
  readonly resources: readonly string[];
}

/**
 * What the person server grants without asking: what the person has agreed to before, and at a resource that the operator knows whatever needs no consent
 * in the realm. An agent without a person has no grant.
 */
export function decideForPerson({ policy, resources }: PolicyOptions): Decide {
  return ({ agent, person, kind, scopes, resource = "", consented }) => {
    if (!mayAsk(policy(), agent.iss)) return { type: "deny", detail: "the agent is not allowed here" };
    if (!scopesAllowed(policy(), scopes)) return { type: "deny", detail: "a scope is not granted here" };
    if (person === undefined) return { type: "interaction" };
    if (consented) return { type: "grant" };
    const isSmall = kind === "person-token" || (kind === "auth-token" && !consentNeeded(policy(), scopes));
    return { type: isSmall && resources.includes(resource) ? "grant" : "interaction" };
  };
}

/** What the access server grants: the scopes that are on the realm's list, where there is one. */
export function decideForResource({ policy }: Pick<PolicyOptions, "policy">): Decide {
  return ({ agent, scopes }) => {
    if (!mayAsk(policy(), agent.iss)) return { type: "deny", detail: "the agent is not allowed here" };
    const granted = scopes.filter((scope) => scopesAllowed(policy(), [scope]));
    if (granted.length === 0 && scopes.length > 0)
      return { type: "deny", detail: "none of the scopes is granted here" };
    return { type: "grant", scopes: granted };
  };
}

function mayAsk(policy: Policy, agentProvider: string): boolean {
  return policy.enabled && agentAllowed(policy, agentProvider);
}
