import type { AskedRequest, Decide, Decision } from "aauth/server";
import { agentAllowed, consentNeeded, type GrantPolicy, scopesAllowed } from "issuer-kit";
import { budgetOf, type ReadLog, spentUnder, totalOf } from "./missions/budget.ts";

/** The operator's policy. Its lists identify agents by their agent provider. */
interface Policy extends GrantPolicy {
  /** Identifiers of the resources that the operator knows. */
  readonly resources: readonly string[];
  readonly ownerScopes: readonly string[];
}

/**
 * Decides what the person server grants without a prompt: what the person has agreed to before and,
 * at the operator's resources and at those of the request's mission, what needs no consent. It
 * prompts for an agent without a person, for an agent that acts for a caller whom no page has
 * named, and for an auth token that a resource requests when it has so far only identified the
 * person. Under a mission with a budget, it grants what the budget covers, and denies the rest.
 *
 * @param readLog for missions. Default: there are none
 */
export function decideForPerson(policy: Policy, readLog: ReadLog = async () => []): Decide {
  return async (request) => {
    const { person, kind, scopes, resource = "", consented, calledBy } = request;
    const detail = refusalOf(policy, request);
    if (detail !== undefined) return { type: "deny", detail };
    if (person === undefined) return { type: "interaction" };
    const spending = await decideSpending(request, readLog);
    if (spending !== undefined) return spending;
    if (consented) return { type: "grant" };
    if (!policy.resources.includes(resource) && !request.mission?.isNamed) return { type: "interaction" };
    if (calledBy?.isNamed === false) return { type: "interaction" }; // hole S41
    if (kind === "person-token") return { type: "grant" };
    const isIntroduced = calledBy?.type === "person-token"; // hole S6
    const isSmall = kind === "auth-token" && !isIntroduced && !consentNeeded(policy, scopes);
    return { type: isSmall ? "grant" : "interaction" };
  };
}

/**
 * Decides by the mission's budget. Undefined for a request that names no sum, and without a budget.
 */
async function decideSpending(request: AskedRequest, readLog: ReadLog): Promise<Decision | undefined> {
  const { mission } = request;
  const budget = mission && budgetOf(mission.description);
  if (mission === undefined || budget === undefined || totalOf(request) === undefined) return undefined;
  // The log already contains the request.
  const spent = await spentUnder(mission, readLog);
  const detail = `the mission's budget is ${budget} USD, and this would bring it to ${spent} USD`;
  return spent > budget ? { type: "deny", detail } : { type: "grant" }; // hole W15: { type: "grant" }
}

/** Part of the policy that the page of a request shows. */
export interface ShownPolicy {
  /** Resources where the agent receives what needs no consent. */
  readonly resources: readonly string[];
  /** Scopes, and beginnings of scopes, that the person is always asked about. */
  readonly except: readonly string[];
  /** Resources where agents of the requested resource receive it when this agent calls them. */
  readonly chain: readonly string[];
}

/**
 * The policy that applies once the person has allowed a request: the first one of an agent, and the
 * first one after a revocation. Undefined for other requests.
 */
export function policyAfter(
  { resources, consentScopes, consentScopePrefixes }: Policy,
  { kind, person, upstream, resource = "" }: AskedRequest,
): ShownPolicy | undefined {
  const isKnown = resources.includes(resource);
  if (resources.length === 0 || kind !== "person-token" || upstream !== undefined) return undefined;
  if (person !== undefined && !isKnown) return undefined;
  return {
    resources,
    except: [...consentScopes, ...consentScopePrefixes.map((prefix) => `${prefix}*`)],
    chain: isKnown ? resources.filter((other) => other !== resource) : [],
  };
}

/**
 * Decides what the access server grants: the scopes on the operator's list, or all scopes if there
 * is no list. A scope in `ownerScopes` needs an owner of the resource. The access server cannot
 * contact owners, so the person takes the request to its page.
 */
export function decideForResource(policy: Policy): Decide {
  return (request) => {
    if (!agentAllowed(policy, request.agent.iss))
      return { type: "deny", detail: "the agent is not allowed here" };
    const scopes = grantableScopes(policy, request);
    if (scopes === undefined) return { type: "deny", detail: "none of the scopes can be granted here" };
    return scopes.some((scope) => policy.ownerScopes.includes(scope))
      ? { type: "interaction" }
      : { type: "grant", scopes };
  };
}

/** Scopes of a request that may be granted at a resource; undefined if there are none. */
export function grantableScopes(
  policy: GrantPolicy,
  { agent, scopes }: Pick<AskedRequest, "agent" | "scopes">,
): readonly string[] | undefined {
  if (!agentAllowed(policy, agent.iss)) return undefined;
  const granted = scopes.filter((scope) => scopesAllowed(policy, [scope]));
  return granted.length === 0 && scopes.length > 0 ? undefined : granted;
}

/** Reason why a request must not be granted, even by the person; undefined if it may be. */
export function refusalOf(
  policy: GrantPolicy,
  { agent, scopes }: Pick<AskedRequest, "agent" | "scopes">,
): string | undefined {
  if (!agentAllowed(policy, agent.iss)) return "the agent is not allowed here";
  return scopesAllowed(policy, scopes) ? undefined : "a scope cannot be granted here";
}
