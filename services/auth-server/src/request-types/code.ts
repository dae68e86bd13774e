import { requireMayAskWho } from "../identity-scopes.ts";
import { accessDenied, invalidGrant } from "../oauth-error.ts";
import { scopesAllowed } from "../realm/policy.ts";
import type { Requester } from "../verify-requester.ts";
import {
  type Answer,
  type RequestTypeContext,
  requiredParameter,
  scopeWords,
  type TokenRequest,
} from "./request-type.ts";

/**
 * `request_type=code`: what the user agreed to, for an auth token and a refresh token. The code is used up by any attempt, also by
 * one that is refused (profile 4.6).
 */
export async function handleCode(
  { form, requester, policy }: TokenRequest,
  { grants, accounts, issueToken }: RequestTypeContext,
): Promise<Answer> {
  const consented = await grants.codes.take(requiredParameter(form, "code"));
  const redirectUri = requiredParameter(form, "redirect_uri");
  if (consented === undefined) throw invalidGrant("Invalid or expired authorization code");
  if (redirectUri !== consented.redirectUri) throw invalidGrant("redirect_uri mismatch");
  if (!sameAgent(consented, requester) || requester.thumbprint !== consented.thumbprint) {
    throw invalidGrant("Agent signature mismatch");
  }
  if ((await accounts.find(consented.subject)) === undefined) throw invalidGrant("User not found");
  // The policy may have changed since the user agreed.
  const scopes = scopeWords(consented.scope);
  if (!scopesAllowed(policy, scopes)) throw accessDenied("Authorization denied");
  requireMayAskWho(policy, consented, scopes);

  const { agent, agentDelegate, resource, scope, subject } = consented;
  const grant = { agent, ...(agentDelegate !== undefined && { agentDelegate }), resource, scope, subject };
  return {
    ...(await issueToken({ ...grant, key: requester.key })),
    refresh_token: await grants.refreshTokens.issue(grant, policy.refreshTokenLifetimeSeconds),
  };
}

/** The same agent and, where a delegate acts for it, the same delegate. */
export function sameAgent(grant: Pick<Requester, "agent" | "agentDelegate">, requester: Requester): boolean {
  return grant.agent === requester.agent && grant.agentDelegate === requester.agentDelegate;
}
