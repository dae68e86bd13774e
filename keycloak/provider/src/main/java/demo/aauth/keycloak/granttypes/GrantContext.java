package demo.aauth.keycloak.granttypes;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.policy.Policy;
import demo.aauth.keycloak.realm.AAuthRealm;
import demo.aauth.keycloak.realm.AuditTrail;
import demo.aauth.keycloak.tokens.AuthTokenIssuer.Issued;
import demo.aauth.keycloak.tokens.Decision;

/** What a request type works with. */
public record GrantContext(AAuthRealm realm, AuditTrail audit) {

    static final String TOKEN_TYPE = "AAuth";

    /** Issues the token and takes it down in the audit trail; the answer has the members that every answer with a token has. */
    ObjectNode issue(Decision decision, Policy policy) {
        audit.decision(decision.resource(), decision.scope(), decision.subject());
        int lifespan = policy.authTokenLifespanSeconds();
        Issued issued = realm.tokenIssuer().issue(decision, lifespan);
        audit.tokenId(issued.id());
        return Json.object().put("auth_token", issued.token()).put("expires_in", lifespan).put("token_type", TOKEN_TYPE);
    }
}
