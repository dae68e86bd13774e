import { requireMayAskWho } from "../identity-scopes.ts";
import { accessDenied, invalidGrant } from "../oauth-error.ts";
import { scopesAllowed } from "../realm/policy.ts";
import { sameAgent } from "./code.ts";
import {
  type Answer,
  type RequestTypeContext,
  requiredParameter,
  scopeWords,
  type TokenRequest,
} from "./request-type.ts";

/**
 * `request_type=refresh`: a new auth token for the same agent, resource, scope and user. The requester may sign with another key than
 * before, because the gate has proven that it is the agent's (profile 4.5). The refresh token stays good until it expires or
 * is revoked.
 */
export async function handleRefresh(
  { form, requester, policy }: TokenRequest,
  { grants, accounts, issueToken }: RequestTypeContext,
): Promise<Answer> {
  const grant = await grants.refreshTokens.find(requiredParameter(form, "refresh_token"));
  if (grant === undefined) throw invalidGrant("Invalid refresh_token: unknown, expired or revoked");
  // One text for every way of not being the owner: it must not tell whose token it is.
  if (!sameAgent(grant, requester)) throw invalidGrant("Error refreshing token: Agent signature mismatch");
  if ((await accounts.find(grant.subject)) === undefined)
    throw invalidGrant("Error refreshing token: User not found");
  const scopes = scopeWords(grant.scope);
  if (!scopesAllowed(policy, scopes)) throw accessDenied("Authorization denied");
  requireMayAskWho(policy, grant, scopes);
  return issueToken({ ...grant, key: requester.key });
}
