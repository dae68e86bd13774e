package demo.aauth.keycloak.granttypes;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.policy.Scopes;
import demo.aauth.keycloak.signing.Requester;
import demo.aauth.keycloak.storage.RefreshGrant;
import demo.aauth.keycloak.tokens.Decision;

import java.util.List;

/**
 * {@code request_type=refresh}: issues a new auth token for the same agent, resource, scope and
 * user. The requester may sign with a different key than before, because the verifier has
 * established that it is the agent's (profile 4.5). The refresh token stays valid until it expires
 * or is revoked.
 */
public final class RefreshTokenGrant {

    private RefreshTokenGrant() {
    }

    public static ObjectNode handle(TokenRequest request, GrantContext context) {
        RefreshGrant grant = context.realm().grants().refreshTokens().find(request.required("refresh_token"))
                .orElseThrow(() -> OAuthException.invalidGrant("Invalid refresh_token: unknown, expired or revoked"));
        Requester requester = request.requester();
        // Every other agent receives this message, so that it does not reveal the token's owner
        // (hole J17).
        if (!SameAgent.test(grant.agent(), grant.agentDelegate(), requester)) {
            throw OAuthException.invalidGrant("Error refreshing token: Agent signature mismatch");
        }
        context.audit().decision(grant.resource(), grant.scope(), grant.subject());
        if (context.realm().user(grant.subject()).isEmpty()) {
            throw OAuthException.invalidGrant("Error refreshing token: User not found");
        }
        List<String> scopes = Scopes.words(grant.scope());
        if (!request.policy().allowsScopes(scopes)) {
            throw OAuthException.accessDenied("Authorization denied");
        }
        IdentityAccess.require(request.policy(), grant.agent(), grant.resource(), scopes);
        return context.issue(Decision.of(grant.agent(), grant.agentDelegate(), requester.key(),
                grant.resource(), grant.scope(), grant.subject()), request.policy());
    }
}
