package demo.aauth.keycloak.endpoints;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.consent.ConsentMemory;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.granttypes.SameAgent;
import demo.aauth.keycloak.granttypes.TokenRequest;
import demo.aauth.keycloak.realm.AAuthRealm;
import demo.aauth.keycloak.realm.AuditTrail;
import demo.aauth.keycloak.signing.Requester;
import demo.aauth.keycloak.storage.RefreshGrant;
import org.keycloak.events.EventBuilder;
import org.keycloak.events.EventType;

/**
 * {@code POST agent/revoke}. As in RFC 7009, the answer is the same for an unknown token, and only
 * its owner can revoke it. The consent is deleted, too: it would otherwise yield the next token
 * without asking the user.
 */
final class RevocationEndpoint extends SignedEndpoint {

    RevocationEndpoint(AAuthRealm realm, EventBuilder event) {
        super(realm, new AuditTrail(event, EventType.REVOKE_GRANT));
    }

    @Override
    ObjectNode answer(SignedForm signed) {
        realm.requireServing();
        Requester requester = realm.requesterVerifier().verify(signed.request());
        audit.requester(requester);
        signed.requireNoDuplicates();
        String token = TokenRequest.required(signed.form(), "token");
        realm.grants().refreshTokens().find(token)
                .filter(grant -> SameAgent.test(grant.agent(), grant.agentDelegate(), requester))
                .ifPresent(grant -> revoke(token, grant));
        return Json.object();
    }

    private void revoke(String token, RefreshGrant grant) {
        realm.grants().refreshTokens().take(token);
        new ConsentMemory(realm.session()).forget(grant);
        audit.decision(grant.resource(), grant.scope(), grant.subject());
        audit.granted();
    }
}
