import { accessDenied, invalidRequest, OAuthError } from "../oauth-error.ts";
import { consentNeeded, type Policy, scopesAllowed } from "../realm/policy.ts";
import { requireAgentRedirectUri } from "../redirect-uri-check.ts";
import type { Requester } from "../verify-requester.ts";
import { type Answer, type RequestTypeContext, scopeWords, type TokenRequest } from "./request-type.ts";

/** What is asked for, and at which resource. */
interface Wish {
  readonly resource: string;
  readonly scopes: readonly string[];
}

/**
 * `request_type=auth`: a resource token, or scopes of the agent itself, for an auth token; or for a request token, where policy wants
 * the user asked (profile 6.1).
 */
export async function handleAuth(request: TokenRequest, context: RequestTypeContext): Promise<Answer> {
  const { requester, policy, form } = request;
  const { resource, scopes } = await readWish(request, context);
  const { agent, agentDelegate, key, thumbprint } = requester;
  const decision = {
    agent,
    ...(agentDelegate !== undefined && { agentDelegate }),
    key,
    resource,
    scope: scopes.join(" "),
  };
  if (!consentNeeded(policy, scopes)) return context.issueToken(decision);

  const redirectUri = form.get("redirect_uri");
  if (!redirectUri) throw invalidRequest("redirect_uri is required when user consent is needed");
  await requireAgentRedirectUri(redirectUri, requester, context);
  const state = form.get("state");
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
    return { resource: claims.iss, scopes };
  }
  const scopes = scopeWords(scope);
  if (scopes.length === 0) throw invalidRequest("Missing required parameter: resource_token or scope");
  requireOwnScopes(scopes, requester, policy);
  return { resource: requester.agent, scopes };
}

/** The agent is the resource itself; that takes an identity others can address. */
function requireOwnScopes(scopes: readonly string[], requester: Requester, policy: Policy): void {
  if (!requester.identified) throw new OAuthError(401, "invalid_request", "Agent identity not found.");
  if (!scopesAllowed(policy, scopes)) {
    throw new OAuthError(400, "invalid_scope", "One or more requested scopes are not allowed");
  }
}
