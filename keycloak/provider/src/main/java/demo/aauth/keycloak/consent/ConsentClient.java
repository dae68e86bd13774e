package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.realm.AAuthRealm;
import org.keycloak.models.ClientModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.ModelDuplicateException;
import org.keycloak.models.RealmModel;
import org.keycloak.models.utils.KeycloakModelUtils;

/**
 * The client with which people sign in for consent, because Keycloak requires one. It has no
 * redirect URI, so it cannot be used for anything else. It is created in a realm on first use.
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
     * Uses its own transaction, so that two nodes that do this concurrently end up with the same
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
            // Another node has created it meanwhile.
        }
        return realm.getClientByClientId(CLIENT_ID);
    }
}
