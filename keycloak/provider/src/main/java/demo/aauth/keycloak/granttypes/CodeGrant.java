package demo.aauth.keycloak.granttypes;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.policy.Scopes;
import demo.aauth.keycloak.signing.Requester;
import demo.aauth.keycloak.storage.ConsentRequest;
import demo.aauth.keycloak.storage.ConsentedRequest;
import demo.aauth.keycloak.storage.RefreshGrant;
import demo.aauth.keycloak.tokens.Decision;

import java.util.List;
import java.util.Optional;

/**
 * {@code request_type=code}: exchanges a user's consent for an auth token and a refresh token. Any
 * attempt uses up the code, even a refused one (profile 4.6).
 */
public final class CodeGrant {

    private CodeGrant() {
    }

    public static ObjectNode handle(TokenRequest request, GrantContext context) {
        Optional<ConsentedRequest> taken = context.realm().grants().codes().take(request.required("code"));
        String redirectUri = request.required("redirect_uri");
        ConsentedRequest consented =
                taken.orElseThrow(() -> OAuthException.invalidGrant("Invalid or expired authorization code"));
        ConsentRequest wish = consented.request();
        Requester requester = request.requester();
        if (!redirectUri.equals(wish.redirectUri())) {
            throw OAuthException.invalidGrant("redirect_uri mismatch");
        }
        if (!SameAgent.test(wish.agent(), wish.agentDelegate(), requester) || !requester.thumbprint().equals(wish.thumbprint())) {
            throw OAuthException.invalidGrant("Agent signature mismatch");
        }
        context.audit().decision(wish.resource(), wish.scope(), consented.subject());
        if (context.realm().user(consented.subject()).isEmpty()) {
            throw OAuthException.invalidGrant("User not found");
        }
        // The policy may have changed since the user agreed.
        List<String> scopes = Scopes.words(wish.scope());
        if (!request.policy().allowsScopes(scopes)) {
            throw OAuthException.accessDenied("Authorization denied");
        }
        IdentityAccess.require(request.policy(), wish.agent(), wish.resource(), scopes);
        RefreshGrant grant =
                new RefreshGrant(wish.agent(), wish.agentDelegate(), wish.resource(), wish.scope(), consented.subject());
        ObjectNode answer = context.issue(Decision.of(grant.agent(), grant.agentDelegate(), requester.key(),
                grant.resource(), grant.scope(), grant.subject()), request.policy());
        String refreshToken =
                context.realm().grants().refreshTokens().issue(grant, request.policy().refreshTokenLifespanSeconds());
        return answer.put("refresh_token", refreshToken);
    }
}
