import { isIdentityScope, requireMayAskWho } from "../identity-scopes.ts";
import { requireShort } from "../kept-text.ts";
import { accessDenied, agentUnknown, invalidRequest, OAuthError } from "../oauth-error.ts";
import { consentNeeded, type Policy, scopesAllowed } from "../realm/policy.ts";
import { requireAgentRedirectUri } from "../redirect-uri-check.ts";
import { isScopeList } from "../scope-syntax.ts";
import type { Requester } from "../verify-requester.ts";
import { type Answer, type RequestTypeContext, scopeWords, type TokenRequest } from "./request-type.ts";

/** What is asked for, and at which resource. */
interface Wish {
  readonly resource: string;
  readonly scopes: readonly string[];
  /** The agent is the resource itself. */
  readonly own: boolean;
}

/**
 * `request_type=auth`: a resource token, or scopes of the agent itself, for an auth token; or for a request token, where policy wants
 * the user asked (profile 6.1).
 */
export async function handleAuth(request: TokenRequest, context: RequestTypeContext): Promise<Answer> {
  const { requester, policy, form } = request;
  const { resource, scopes, own } = await readWish(request, context);
  const { agent, agentDelegate, key, thumbprint } = requester;
  requireMayAskWho(policy, { agent, resource }, scopes);
  const decision = {
    agent,
    ...(agentDelegate !== undefined && { agentDelegate }),
    key,
    resource,
    scope: scopes.join(" "),
  };
  // Who a user is only that user can say, whatever the consent lists leave out: without one there is nobody to name.
  const asksForUser = own && scopes.some(isIdentityScope);
  if (!asksForUser && !consentNeeded(policy, scopes)) return context.issueToken(decision);

  const redirectUri = form.get("redirect_uri");
  if (!redirectUri) throw invalidRequest("redirect_uri is required when user consent is needed");
  // One without a value is none (RFC 6749 section 3.1).
  const state = form.get("state") || undefined;
  requireShort("redirect_uri", redirectUri);
  requireShort("state", state);
  await requireAgentRedirectUri(redirectUri, requester, context);
  const requestToken = await context.grants.consentRequests.issue(
    { ...decision, thumbprint, redirectUri, ...(state !== undefined && { state }) },
    context.consentSeconds,
  );
  return { expires_in: context.consentSeconds, request_token: requestToken, token_type: "AAuth" };
}

async function readWish(
  { form, requester, policy }: TokenRequest,
  context: RequestTypeContext,
): Promise<Wish> {
  const resourceToken = form.get("resource_token");
  const scope = form.get("scope");
  if (form.get("auth_request_url")) throw invalidRequest("auth_request_url is not supported");
  if (resourceToken && scope) throw invalidRequest("Only one of resource_token and scope may be given");
  if (resourceToken) {
    const claims = await context.checkResourceToken(resourceToken, requester);
    const scopes = scopeWords(claims.scope);
    // Before the question whether consent is needed: a user cannot grant what policy forbids (hole J7).
    if (!scopesAllowed(policy, scopes)) throw accessDenied("Authorization denied");
    // Whoever is a resource, too, could otherwise ask for itself by a resource token of its own.
    const own = claims.iss === requester.agent;
    if (own) requireOwnScopes(scopes, requester, policy);
    return { resource: claims.iss, scopes, own };
  }
  const scopes = scopeWords(scope);
  if (scope === undefined || scopes.length === 0) {
    throw invalidRequest("Missing required parameter: resource_token or scope");
  }
  if (!isScopeList(scope)) throw new OAuthError(400, "invalid_scope", "scope is malformed or too long");
  requireOwnScopes(scopes, requester, policy);
  return { resource: requester.agent, scopes, own: true };
}

/** The agent is the resource itself (SPEC 3.5); that takes an identity others can address. */
function requireOwnScopes(scopes: readonly string[], requester: Requester, policy: Policy): void {
  if (!requester.identified) throw agentUnknown("identity_required");
  if (!scopesAllowed(policy, scopes)) {
    throw new OAuthError(400, "invalid_scope", "One or more requested scopes are not allowed");
  }
}
