import type { ActClaim, AuthTokenClaims } from "aauth";
import { isIdentityScope } from "../identity-scopes.ts";
import { accessDenied, invalidGrant, quoted } from "../oauth-error.ts";
import type { Accounts } from "../realm/accounts.ts";
import { consentNeeded, type Policy, scopesAllowed } from "../realm/policy.ts";
import type { ExchangeRequester } from "../verify-requester.ts";
import {
  type Answer,
  type RequestTypeContext,
  requiredParameter,
  scopeWords,
  type TokenRequest,
} from "./request-type.ts";

/**
 * `request_type=exchange`: a resource calls on, on behalf of its own caller. The new token is for the next resource, names this
 * requester as agent and the caller in `act`, never has a scope that the caller's token lacks, and never outlives it (profile 6.1):
 * a chain of exchanges would otherwise carry a user's authority past its end, and past its revocation.
 */
export async function handleExchange(
  { form, requester, policy }: TokenRequest<ExchangeRequester>,
  { issuer, accounts, issueToken, checkResourceToken }: RequestTypeContext,
): Promise<Answer> {
  const { upstream, agent, key } = requester;
  const claims = await checkResourceToken(requiredParameter(form, "resource_token"), requester);
  const scopes = scopeWords(claims.scope);
  const granted = scopeWords(upstream.scope);
  const expansion = scopes.filter((scope) => !granted.includes(scope));
  if (expansion.length > 0)
    throw notAuthorized(`Scope expansion not allowed: ${quoted(expansion.join(" "))}`);
  if (!scopesAllowed(policy, scopes)) throw accessDenied("Authorization denied");

  const act = actFor(upstream, agent);
  if (depthOf(act) > policy.exchangeMaxDepth) {
    throw notAuthorized(`Delegation chain depth limit exceeded (max: ${policy.exchangeMaxDepth})`);
  }
  // Another issuer's subject is a name in its own books; only a user of this realm is carried on.
  const subject =
    upstream.iss === issuer && upstream.sub !== undefined
      ? await presentUser(upstream.sub, accounts)
      : undefined;
  requireCarrier({ subject, agent, scopes }, policy);
  return issueToken({
    agent,
    key,
    resource: claims.iss,
    scope: scopes.join(" "),
    ...(subject !== undefined && { subject }),
    act,
    notAfter: upstream.exp,
  });
}

/** For one who may not sign in any more there is no token: without `sub` it would say that nobody's authority is needed. */
async function presentUser(id: string, accounts: Accounts): Promise<string> {
  const user = await accounts.find(id);
  if (user === undefined) throw invalidGrant("Token exchange validation failed: User not found");
  return user.id;
}

/**
 * What a user agreed to is a scope at the resource that now asks, in that one's words. Here it is another's. So what needs a user's consent
 * takes a user, and whoever speaks for one at the next resource, consent or not, is trusted by the realm to go where the user meant it to.
 */
function requireCarrier(
  { subject, agent, scopes }: { subject: string | undefined; agent: string; scopes: readonly string[] },
  policy: Policy,
): void {
  const needsUser = consentNeeded(policy, scopes) || scopes.some(isIdentityScope);
  if (needsUser && subject === undefined) throw notAuthorized("The scope needs a user of this realm");
  if (subject !== undefined && !policy.exchangeAgents.includes(agent)) {
    throw accessDenied("Agent is not allowed to carry a user's authority on");
  }
}

/** The caller, as its token describes it; a token without `agent` was issued to the resource itself. */
function actFor({ agent, agent_delegate, sub, act }: AuthTokenClaims, audience: string): ActClaim {
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
