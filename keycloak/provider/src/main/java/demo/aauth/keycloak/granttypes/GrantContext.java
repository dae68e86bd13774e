package demo.aauth.keycloak.granttypes;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.policy.Policy;
import demo.aauth.keycloak.realm.AAuthRealm;
import demo.aauth.keycloak.realm.AuditTrail;
import demo.aauth.keycloak.tokens.AuthTokenIssuer.Issued;
import demo.aauth.keycloak.tokens.Decision;
import demo.aauth.keycloak.tracing.RequestSpan;
import org.keycloak.common.util.Time;

/** Dependencies of a request type. */
public record GrantContext(AAuthRealm realm, AuditTrail audit) {

    static final String TOKEN_TYPE = "AAuth";

    /**
     * Issues the token and records it in the audit trail. Returns the members common to all answers
     * with a token.
     */
    ObjectNode issue(Decision decision, Policy policy) {
        audit.decision(decision.resource(), decision.scope(), decision.subject());
        long now = Time.currentTimeSeconds();
        int lifespan = lifespan(decision, policy, now);
        Issued issued = realm.tokenIssuer().issue(decision, now, lifespan);
        audit.tokenId(issued.id());
        RequestSpan.current().issued(issued.token());
        return Json.object().put("auth_token", issued.token()).put("expires_in", lifespan).put("token_type", TOKEN_TYPE);
    }

    static int lifespan(Decision decision, Policy policy, long now) {
        int longest = policy.authTokenLifespanSeconds();
        long left = decision.notAfter() == null ? longest : decision.notAfter() - now;
        // It was still valid when it was verified, a moment ago.
        if (left < 1) {
            throw OAuthException.invalidGrant("Token exchange validation failed: the auth token has expired");
        }
        return (int) Math.min(longest, left);
    }
}
