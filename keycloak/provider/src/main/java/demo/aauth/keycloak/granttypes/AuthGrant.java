package demo.aauth.keycloak.granttypes;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.consent.KeptText;
import demo.aauth.keycloak.encoding.FormParameters;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.policy.IdentityScope;
import demo.aauth.keycloak.policy.Policy;
import demo.aauth.keycloak.policy.Scopes;
import demo.aauth.keycloak.signing.Requester;
import demo.aauth.keycloak.storage.ConsentRequest;
import demo.aauth.keycloak.tokens.Decision;
import demo.aauth.keycloak.tokens.ResourceToken;

import java.util.List;

/**
 * {@code request_type=auth}: exchanges a resource token, or scopes of the agent itself, for an auth
 * token; or for a request token, if policy requires the user's consent (profile 6.1).
 */
public final class AuthGrant {

    private AuthGrant() {
    }

    /**
     * The requested scopes, and the resource.
     *
     * @param own whether the agent is itself the resource
     */
    private record Wish(String resource, List<String> scopes, boolean own) {

        String scope() {
            return Scopes.join(scopes);
        }
    }

    public static ObjectNode handle(TokenRequest request, GrantContext context) {
        Wish wish = readWish(request, context);
        Requester requester = request.requester();
        IdentityAccess.require(request.policy(), requester.agent(), wish.resource(), wish.scopes());
        // Identity scopes require a user, regardless of the consent lists, because otherwise there
        // is no identity to state.
        boolean asksForUser = wish.own() && IdentityScope.anyOf(wish.scopes());
        if (!asksForUser && !request.policy().needsConsent(wish.scopes())) {
            return context.issue(Decision.of(requester.agent(), requester.agentDelegate(), requester.key(),
                    wish.resource(), wish.scope(), null), request.policy());
        }
        return askUser(request, wish, context);
    }

    private static ObjectNode askUser(TokenRequest request, Wish wish, GrantContext context) {
        String redirectUri = request.form().get("redirect_uri");
        if (redirectUri == null) {
            throw OAuthException.invalidRequest("redirect_uri is required when user consent is needed");
        }
        Requester requester = request.requester();
        String state = request.form().get("state");
        KeptText.requireBounded("redirect_uri", redirectUri);
        KeptText.requireBounded("state", state);
        RedirectUriCheck.require(redirectUri, requester, context.realm().discovery(), context.realm().settings().development());
        int lifespan = context.realm().settings().consentLifespanSeconds();
        String requestToken = context.realm().grants().consentRequests().issue(
                new ConsentRequest(requester.agent(), requester.agentDelegate(), requester.thumbprint(), wish.resource(),
                        wish.scope(), redirectUri, state),
                lifespan);
        return Json.object().put("expires_in", lifespan).put("request_token", requestToken)
                .put("token_type", GrantContext.TOKEN_TYPE);
    }

    private static Wish readWish(TokenRequest request, GrantContext context) {
        FormParameters form = request.form();
        String resourceToken = form.get("resource_token");
        String scope = form.get("scope");
        if (form.get("auth_request_url") != null) {
            throw OAuthException.invalidRequest("auth_request_url is not supported");
        }
        if (resourceToken != null && scope != null) {
            throw OAuthException.invalidRequest("Only one of resource_token and scope may be given");
        }
        if (resourceToken != null) {
            ResourceToken claims = ResourceTokenCheck.verify(resourceToken, request.requester(), context.realm());
            List<String> scopes = Scopes.words(claims.scope());
            context.audit().decision(claims.resource(), claims.scope(), null);
            // Precedes the check for consent, because a user cannot grant what policy forbids (hole
            // J7).
            if (!request.policy().allowsScopes(scopes)) {
                throw OAuthException.accessDenied("Authorization denied");
            }
            // An agent that is also a resource could otherwise request a token for itself with its
            // own resource token.
            boolean own = claims.resource().equals(request.requester().agent());
            if (own) {
                requireOwnScopes(scopes, request.requester(), request.policy());
            }
            return new Wish(claims.resource(), scopes, own);
        }
        List<String> scopes = Scopes.words(scope);
        if (scopes.isEmpty()) {
            throw OAuthException.invalidRequest("Missing required parameter: resource_token or scope");
        }
        if (!Scopes.isList(scope)) {
            throw new OAuthException(400, "invalid_scope", "scope is malformed or too long");
        }
        context.audit().decision(request.requester().agent(), scope, null);
        requireOwnScopes(scopes, request.requester(), request.policy());
        return new Wish(request.requester().agent(), scopes, true);
    }

    /**
     * Checks a request in which the agent is itself the resource (SPEC 3.5), which requires an
     * identity that others can address.
     */
    private static void requireOwnScopes(List<String> scopes, Requester requester, Policy policy) {
        if (!requester.identified()) {
            throw OAuthException.agentUnknown(ErrorCode.IDENTITY_REQUIRED);
        }
        if (!policy.allowsScopes(scopes)) {
            throw new OAuthException(400, "invalid_scope", "One or more requested scopes are not allowed");
        }
    }
}
