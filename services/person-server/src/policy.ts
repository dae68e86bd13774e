import type { AskedRequest, Decide } from "aauth/server";
import { agentAllowed, consentNeeded, type GrantPolicy, scopesAllowed } from "issuer-kit";

/** The operator's policy. Agents are on its lists by their agent provider. */
interface Policy extends GrantPolicy {
  /** Identifiers of the resources that the operator knows. */
  readonly resources: readonly string[];
  readonly ownerScopes: readonly string[];
}

/**
 * What the person server grants without asking: what the person has agreed to before, and at a resource that the operator knows whatever needs no
 * consent. An agent without a person has no grant, and a resource that was told no more than who the person is does not act for them unasked.
 */
export function decideForPerson(policy: Policy): Decide {
  return (request) => {
    const { person, kind, scopes, resource = "", consented, calledBy } = request;
    const detail = refusalOf(policy, request);
    if (detail !== undefined) return { type: "deny", detail };
    if (person === undefined) return { type: "interaction" };
    if (consented) return { type: "grant" };
    if (!policy.resources.includes(resource)) return { type: "interaction" };
    if (kind === "person-token") return { type: "grant" };
    const isIntroduced = calledBy?.type === "person-token"; // hole S6
    const isSmall = kind === "auth-token" && !isIntroduced && !consentNeeded(policy, scopes);
    return { type: isSmall ? "grant" : "interaction" };
  };
}

/**
 * What the access server grants: the scopes that are on the operator's list, where there is one. One of `ownerScopes` is for an owner of the resource to allow:
 * this server has no way to them, so the person brings the request to the page.
 */
export function decideForResource(policy: Policy): Decide {
  return (request) => {
    if (!agentAllowed(policy, request.agent.iss))
      return { type: "deny", detail: "the agent is not allowed here" };
    const scopes = grantableScopes(policy, request);
    if (scopes === undefined) return { type: "deny", detail: "none of the scopes is granted here" };
    return scopes.some((scope) => policy.ownerScopes.includes(scope))
      ? { type: "interaction" }
      : { type: "grant", scopes };
  };
}

/** Scopes of a request that may be granted at a resource; undefined where it may get nothing. */
export function grantableScopes(
  policy: GrantPolicy,
  { agent, scopes }: Pick<AskedRequest, "agent" | "scopes">,
): readonly string[] | undefined {
  if (!agentAllowed(policy, agent.iss)) return undefined;
  const granted = scopes.filter((scope) => scopesAllowed(policy, [scope]));
  return granted.length === 0 && scopes.length > 0 ? undefined : granted;
}

/** Why a request is granted by no one, not by the person either. Undefined where it may be. */
export function refusalOf(
  policy: GrantPolicy,
  { agent, scopes }: Pick<AskedRequest, "agent" | "scopes">,
): string | undefined {
  if (!agentAllowed(policy, agent.iss)) return "the agent is not allowed here";
  return scopesAllowed(policy, scopes) ? undefined : "a scope is not granted here";
}
