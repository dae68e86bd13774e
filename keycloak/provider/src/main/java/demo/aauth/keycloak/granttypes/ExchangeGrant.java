package demo.aauth.keycloak.granttypes;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.policy.IdentityScope;
import demo.aauth.keycloak.policy.Policy;
import demo.aauth.keycloak.policy.Scopes;
import demo.aauth.keycloak.realm.AAuthRealm;
import demo.aauth.keycloak.signing.Requester;
import demo.aauth.keycloak.tokens.Act;
import demo.aauth.keycloak.tokens.AuthToken;
import demo.aauth.keycloak.tokens.Decision;
import demo.aauth.keycloak.tokens.ResourceToken;
import org.keycloak.models.UserModel;

import java.util.List;

/**
 * {@code request_type=exchange}: a resource calls another resource on behalf of its own caller. The
 * new token is for the next resource and names the requester as agent and the caller in
 * {@code act}. It never has a scope that the caller's token lacks and never outlives it (profile
 * 6.1); otherwise a chain of exchanges could extend a user's authority past its expiry or
 * revocation.
 */
public final class ExchangeGrant {

    private ExchangeGrant() {
    }

    public static ObjectNode handle(TokenRequest request, AuthToken upstream, GrantContext context) {
        Requester requester = request.requester();
        Policy policy = request.policy();
        ResourceToken claims = ResourceTokenCheck.verify(request.required("resource_token"), requester, context.realm());
        context.audit().decision(claims.resource(), claims.scope(), null);
        List<String> scopes = Scopes.words(claims.scope());
        requireNoExpansion(scopes, Scopes.words(upstream.scope()));
        if (!policy.allowsScopes(scopes)) {
            throw OAuthException.accessDenied("Authorization denied");
        }
        Act act = caller(upstream, requester.agent());
        if (act.depth() > policy.exchangeMaxDepth()) {
            throw notAuthorized("Delegation chain depth limit exceeded (max: " + policy.exchangeMaxDepth() + ")");
        }
        String subject = subject(upstream, context.realm());
        requireCarrier(subject, requester.agent(), scopes, policy);
        return context.issue(new Decision(requester.agent(), requester.agentDelegate(), requester.key(), claims.resource(),
                Scopes.join(scopes), subject, act, upstream.expiresAt()), policy);
    }

    /**
     * The user agreed to a scope of the requesting resource, as described by it; at the next
     * resource the scope may mean something else. So a scope that needs consent requires a user,
     * and an agent that acts for a user at the next resource must be trusted by the realm, even
     * without consent.
     *
     * @param subject null for none
     */
    static void requireCarrier(String subject, String agent, List<String> scopes, Policy policy) {
        boolean needsUser = policy.needsConsent(scopes) || IdentityScope.anyOf(scopes);
        if (needsUser && subject == null) {
            throw notAuthorized("The scope needs a user of this realm");
        }
        if (subject != null && !policy.exchangeAgents().contains(agent)) {
            throw OAuthException.accessDenied("Agent is not allowed to carry a user's authority on");
        }
    }

    private static void requireNoExpansion(List<String> scopes, List<String> granted) {
        List<String> expansion = scopes.stream().filter(scope -> !granted.contains(scope)).toList();
        if (!expansion.isEmpty()) {
            throw notAuthorized("Scope expansion not allowed: " + OAuthException.quoted(Scopes.join(expansion)));
        }
    }

    /**
     * The caller as described in its token. A token without {@code agent} was issued to the
     * resource itself.
     */
    private static Act caller(AuthToken upstream, String audience) {
        String agent = upstream.agent() == null ? audience : upstream.agent();
        return new Act(agent, upstream.agentDelegate(), upstream.subject(), upstream.act());
    }

    /**
     * Another issuer's subject is not a user here, so only a user of this realm is named in the new
     * token. Refuses a user who may no longer sign in: a token without {@code sub} would mean that
     * no user's authority is needed.
     */
    private static String subject(AuthToken upstream, AAuthRealm realm) {
        if (upstream.subject() == null || !upstream.issuer().equals(realm.issuer())) {
            return null;
        }
        return realm.user(upstream.subject()).map(UserModel::getId)
                .orElseThrow(() -> OAuthException.invalidGrant("Token exchange validation failed: User not found"));
    }

    private static OAuthException notAuthorized(String reason) {
        return OAuthException.invalidGrant("Token exchange authorization failed: " + reason);
    }
}
