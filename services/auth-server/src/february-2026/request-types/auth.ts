import {
  consentNeeded,
  invalidRequest,
  isScopeList,
  OAuthError,
  requireShort,
  scopesAllowed,
  scopesIn,
} from "issuer-kit";
import type { Policy } from "../../realm/policy.ts";
import { requireAgentRedirectUri } from "../redirect-uri-check.ts";
import { isIdentityScope, requireMayAskIdentity } from "../scopes.ts";
import { accessDenied, agentUnknown } from "../token-errors.ts";
import type { Requester } from "../verify-requester.ts";
import type { RequestType, RequestTypeContext, TokenRequest } from "./request-type.ts";

/**
 * `request_type=auth`: exchanges a resource token, or scopes of the agent itself, for an auth
 * token; or for a request token, if policy requires the user's consent (profile 6.1).
 */
export const auth: RequestType = {
  name: "auth",
  async answer(request, context) {
    const { requester, policy, form } = request;
    const { resource, scopes, own } = await readTarget(request, context);
    const { agent, agentDelegate, key, thumbprint } = requester;
    requireMayAskIdentity(policy, { agent, resource }, scopes); // hole X16
    const decision = {
      agent,
      ...(agentDelegate !== undefined && { agentDelegate }),
      key,
      resource,
      scope: scopes.join(" "),
    };
    // Identity scopes require a user to sign in, regardless of the consent lists.
    const asksForUser = own && scopes.some(isIdentityScope);
    if (!asksForUser && !consentNeeded(policy, scopes)) return context.issueToken(decision);

    const redirectUri = form.get("redirect_uri");
    if (!redirectUri) throw invalidRequest("redirect_uri is required when user consent is needed");
    // A parameter without a value counts as absent (RFC 6749 section 3.1).
    const state = form.get("state") || undefined;
    requireShort("redirect_uri", redirectUri);
    requireShort("state", state);
    await requireAgentRedirectUri(redirectUri, requester, context);
    const requestToken = await context.grants.consentRequests.issue(
      { ...decision, thumbprint, redirectUri, ...(state !== undefined && { state }) },
      context.consentSeconds,
    );
    return { expires_in: context.consentSeconds, request_token: requestToken, token_type: "AAuth" };
  },
};

/** The requested scopes, and the resource. */
interface Target {
  readonly resource: string;
  readonly scopes: readonly string[];
  /** Whether the agent is itself the resource. */
  readonly own: boolean;
}

async function readTarget(
  { form, requester, policy }: TokenRequest,
  context: RequestTypeContext,
): Promise<Target> {
  const resourceToken = form.get("resource_token");
  const scope = form.get("scope");
  if (form.get("auth_request_url")) throw invalidRequest("auth_request_url is not supported");
  if (resourceToken && scope) throw invalidRequest("Only one of resource_token and scope may be given");
  if (resourceToken) {
    const claims = await context.checkResourceToken(resourceToken, requester);
    const scopes = scopesIn(claims.scope);
    // Precedes the check for consent, because a user cannot grant what policy forbids (hole J7).
    if (!scopesAllowed(policy, scopes)) throw accessDenied("Authorization denied"); // hole J7
    // Otherwise an agent that is also a resource could make requests for itself with its own
    // resource token.
    const own = claims.iss === requester.agent;
    if (own) requireOwnScopes(scopes, requester, policy);
    return { resource: claims.iss, scopes, own };
  }
  const scopes = scopesIn(scope);
  if (scope === undefined || scopes.length === 0) {
    throw invalidRequest("Missing required parameter: resource_token or scope");
  }
  if (!isScopeList(scope)) throw new OAuthError(400, "invalid_scope", "scope is malformed or too long");
  requireOwnScopes(scopes, requester, policy);
  return { resource: requester.agent, scopes, own: true };
}

/**
 * Checks a request in which the agent is itself the resource (SPEC 3.5), which requires an identity
 * that others can address.
 */
function requireOwnScopes(scopes: readonly string[], requester: Requester, policy: Policy): void {
  if (!requester.identified) throw agentUnknown("identity_required");
  if (!scopesAllowed(policy, scopes)) {
    throw new OAuthError(400, "invalid_scope", "One or more requested scopes are not allowed");
  }
}
