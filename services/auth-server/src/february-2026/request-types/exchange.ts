import type { ActClaim } from "aauth";
import type { FebruaryAuthTokenClaims } from "aauth/february-2026";
import {
  consentNeeded,
  invalidRequest,
  quoted,
  requiredParameter,
  scopesAllowed,
  scopesIn,
} from "issuer-kit";
import type { Accounts } from "../../realm/accounts.ts";
import type { Policy } from "../../realm/policy.ts";
import { isIdentityScope } from "../scopes.ts";
import { accessDenied, invalidGrant } from "../token-errors.ts";
import type { RequestType } from "./request-type.ts";

/**
 * `request_type=exchange`: a resource calls another resource on behalf of its own caller. The new
 * token is for the next resource and names the requester as agent and the caller in `act`. It never
 * has a scope that the caller's token lacks and never outlives it (profile 6.1); otherwise a chain
 * of exchanges could extend a user's authority past its expiry or revocation.
 */
export const exchange: RequestType = {
  name: "exchange",
  // Without a resource token the signing key is unknown, so the requester is verified like any
  // other and then refused.
  verify(verifier, request, form) {
    const resourceToken = form.get("resource_token");
    return resourceToken ? verifier.verifyExchange(request, resourceToken) : verifier.verify(request);
  },
  async answer({ form, requester, policy }, { issuer, accounts, issueToken, checkResourceToken }) {
    const { upstream, agent, key } = requester;
    if (upstream === undefined) throw invalidRequest("Missing required parameter: resource_token");
    if (!policy.exchangeEnabled) throw invalidRequest("Token exchange is not enabled for this realm");
    const claims = await checkResourceToken(requiredParameter(form, "resource_token"), requester);
    const scopes = scopesIn(claims.scope);
    const granted = scopesIn(upstream.scope);
    const expansion = scopes.filter((scope) => !granted.includes(scope));
    if (expansion.length > 0)
      throw notAuthorized(`Scope expansion not allowed: ${quoted(expansion.join(" "))}`);
    if (!scopesAllowed(policy, scopes)) throw accessDenied("Authorization denied");

    const act = actFor(upstream, agent);
    if (depthOf(act) > policy.exchangeMaxDepth) {
      throw notAuthorized(`Delegation chain depth limit exceeded (max: ${policy.exchangeMaxDepth})`);
    }
    // Another issuer's subject is not a user here, so only a user of this realm is named in the new
    // token.
    const subject =
      upstream.iss === issuer && upstream.sub !== undefined
        ? await userOf(upstream.sub, accounts)
        : undefined;
    requireMayActForUser({ subject, agent, scopes }, policy);
    return issueToken({
      agent,
      key,
      resource: claims.iss,
      scope: scopes.join(" "),
      ...(subject !== undefined && { subject }),
      act,
      notAfter: upstream.exp, // hole X1
    });
  },
};

/** Refuses a deleted user. A token without `sub` would mean that no user's authority is needed. */
async function userOf(id: string, accounts: Accounts): Promise<string> {
  const user = await accounts.find(id);
  if (user === undefined) throw invalidGrant("Token exchange validation failed: User not found");
  return user.id;
}

/**
 * The user agreed to a scope of the requesting resource, as described by it; at the next resource
 * the scope may mean something else. So a scope that needs consent requires a user, and an agent
 * that acts for a user at the next resource must be trusted by the realm.
 */
function requireMayActForUser(
  { subject, agent, scopes }: { subject: string | undefined; agent: string; scopes: readonly string[] },
  policy: Policy,
): void {
  const needsUser = consentNeeded(policy, scopes) || scopes.some(isIdentityScope);
  if (needsUser && subject === undefined) throw notAuthorized("The scope needs a user of this realm");
  // hole X15
  if (subject !== undefined && !policy.exchangeAgents.includes(agent)) {
    throw accessDenied("Agent is not allowed to carry a user's authority on");
  }
}

/**
 * The caller as described in its token. A token without `agent` was issued to the resource itself.
 */
function actFor({ agent, agent_delegate, sub, act }: FebruaryAuthTokenClaims, audience: string): ActClaim {
  return {
    agent: agent ?? audience,
    ...(agent_delegate !== undefined && { agent_delegate }),
    ...(sub !== undefined && { sub }),
    ...(act !== undefined && { act }),
  };
}

function depthOf(act: ActClaim | undefined): number {
  return act === undefined ? 0 : 1 + depthOf(act.act);
}

function notAuthorized(reason: string) {
  return invalidGrant(`Token exchange authorization failed: ${reason}`);
}
