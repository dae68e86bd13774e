import type { AskedRequest, Decide } from "aauth/issuer";
import { agentAllowed, consentNeeded, type Policy, scopesAllowed } from "../realm/policy.ts";

interface PolicyOptions {
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
  return (request) => {
    const { person, kind, scopes, resource = "", consented } = request;
    const detail = refusalOf(policy(), request);
    if (detail !== undefined) return { type: "deny", detail };
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

/** Why a request is granted by no one, not by the person either. Undefined where it may be. */
export function refusalOf(
  policy: Policy,
  { agent, scopes }: Pick<AskedRequest, "agent" | "scopes">,
): string | undefined {
  if (!mayAsk(policy, agent.iss)) return "the agent is not allowed here";
  return scopesAllowed(policy, scopes) ? undefined : "a scope is not granted here";
}

function mayAsk(policy: Policy, agentProvider: string): boolean {
  return policy.enabled && agentAllowed(policy, agentProvider);
}
