import { requiredParameter, scopesAllowed, scopesIn } from "issuer-kit";
import { requireMayAskIdentity } from "../scopes.ts";
import { accessDenied, invalidGrant } from "../token-errors.ts";
import { sameAgent } from "../verify-requester.ts";
import type { RequestType } from "./request-type.ts";

/**
 * `request_type=refresh`: issues a new auth token for the same agent, resource, scope and user. The
 * requester may sign with a different key than before, because the verifier has established that it
 * is the agent's (profile 4.5). The refresh token stays valid until it expires or is revoked.
 */
export const refresh: RequestType = {
  name: "refresh",
  async answer({ form, requester, policy }, { grants, accounts, issueToken }) {
    const grant = await grants.refreshTokens.find(requiredParameter(form, "refresh_token"));
    if (grant === undefined) throw invalidGrant("Invalid refresh_token: unknown, expired or revoked");
    // Every other agent receives this message, so that it does not reveal the token's owner.
    // hole J17: if (!sameAgent(grant, requester)) throw invalidGrant(grant.agent);
    if (!sameAgent(grant, requester)) throw invalidGrant("Error refreshing token: Agent signature mismatch");
    if ((await accounts.find(grant.subject)) === undefined)
      throw invalidGrant("Error refreshing token: User not found");
    const scopes = scopesIn(grant.scope);
    if (!scopesAllowed(policy, scopes)) throw accessDenied("Authorization denied");
    requireMayAskIdentity(policy, grant, scopes);
    return issueToken({ ...grant, key: requester.key });
  },
};
