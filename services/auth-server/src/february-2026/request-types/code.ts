import { requiredParameter, scopesAllowed, scopesIn } from "issuer-kit";
import { requireMayAskIdentity } from "../scopes.ts";
import { accessDenied, invalidGrant } from "../token-errors.ts";
import { sameAgent } from "../verify-requester.ts";
import type { RequestType } from "./request-type.ts";

/**
 * `request_type=code`: exchanges a user's consent for an auth token and a refresh token. Any
 * attempt uses up the code, even a refused one (profile 4.6).
 */
export const code: RequestType = {
  name: "code",
  async answer({ form, requester, policy }, { grants, accounts, issueToken }) {
    const consented = await grants.codes.take(requiredParameter(form, "code"));
    // hole J8: form.get("redirect_uri") ?? consented?.redirectUri
    const redirectUri = requiredParameter(form, "redirect_uri");
    if (consented === undefined) throw invalidGrant("Invalid or expired authorization code");
    if (redirectUri !== consented.redirectUri) throw invalidGrant("redirect_uri mismatch");
    if (
      requester.thumbprint !== consented.thumbprint || // hole X3
      !sameAgent(consented, requester)
    ) {
      throw invalidGrant("Agent signature mismatch");
    }
    if ((await accounts.find(consented.subject)) === undefined) throw invalidGrant("User not found");
    // The policy may have changed since the user agreed.
    const scopes = scopesIn(consented.scope);
    if (!scopesAllowed(policy, scopes)) throw accessDenied("Authorization denied");
    requireMayAskIdentity(policy, consented, scopes);

    const { agent, agentDelegate, resource, scope, subject } = consented;
    const grant = { agent, ...(agentDelegate !== undefined && { agentDelegate }), resource, scope, subject };
    return {
      ...(await issueToken({ ...grant, key: requester.key })),
      refresh_token: await grants.refreshTokens.issue(grant, policy.refreshTokenLifetimeSeconds),
    };
  },
};
