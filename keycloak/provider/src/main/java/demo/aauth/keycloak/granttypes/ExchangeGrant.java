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
 * {@code request_type=exchange}: a resource calls on, on behalf of its own caller. The new token is
 * for the next resource, names this requester as agent and the caller in {@code act}, never has a
 * scope that the caller's token lacks, and never outlives it (profile 6.1): a chain of exchanges
 * would otherwise carry a user's authority past its end, and past its revocation.
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
     * What a user agreed to is a scope at the resource that now asks, in that one's words. Here it
     * is another's. So what needs a user's consent takes a user, and whoever speaks for one at the
     * next resource, consent or not, is trusted by the realm to go where the user meant it to.
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
     * The caller, as its token describes it; a token without {@code agent} was issued to the
     * resource itself.
     */
    private static Act caller(AuthToken upstream, String audience) {
        String agent = upstream.agent() == null ? audience : upstream.agent();
        return new Act(agent, upstream.agentDelegate(), upstream.subject(), upstream.act());
    }

    /**
     * Another issuer's subject is a name in its own books; only a user of this realm is carried on.
     * For one who may not sign in any more there is no token: without {@code sub} it would claim
     * that no user's authority is needed.
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
