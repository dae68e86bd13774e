package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.realm.AAuthRealm;
import org.keycloak.models.ClientModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.ModelDuplicateException;
import org.keycloak.models.RealmModel;
import org.keycloak.models.utils.KeycloakModelUtils;

/**
 * The client that people sign in to when they are asked for consent: Keycloak knows no sign-in
 * without one. It has no redirect URI, so nothing else can be done with it. A realm gets it when it
 * is first needed.
 */
final class ConsentClient {

    static final String CLIENT_ID = "aauth-consent";

    private ConsentClient() {
    }

    static ClientModel of(KeycloakSession session, RealmModel realm) {
        ClientModel client = realm.getClientByClientId(CLIENT_ID);
        return client != null ? client : create(session, realm);
    }

    /**
     * In a transaction of its own, so that two nodes that do it at once end up with the same
     * client.
     */
    private static ClientModel create(KeycloakSession session, RealmModel realm) {
        try {
            KeycloakModelUtils.runJobInTransaction(session.getKeycloakSessionFactory(), inner -> {
                ClientModel client = inner.realms().getRealm(realm.getId()).addClient(CLIENT_ID);
                client.setName("Consent for agents");
                client.setProtocol(AAuthRealm.PROTOCOL);
                client.setEnabled(true);
                client.setPublicClient(true);
                client.setFullScopeAllowed(false);
            });
        } catch (ModelDuplicateException another) {
            // It has been made in the meantime.
        }
        return realm.getClientByClientId(CLIENT_ID);
    }
}
