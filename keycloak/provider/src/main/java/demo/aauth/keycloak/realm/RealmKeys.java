package demo.aauth.keycloak.realm;

import com.fasterxml.jackson.databind.JsonNode;
import org.keycloak.jose.jwk.JSONWebKeySet;
import org.keycloak.jose.jwk.JWK;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.protocol.oidc.utils.JWKSServerUtils;
import org.keycloak.util.JsonSerialization;

import java.util.Arrays;
import java.util.Optional;

/**
 * The realm's public signature keys: those published for OpenID Connect, without encryption keys.
 */
public final class RealmKeys {

    private final KeycloakSession session;
    private final RealmModel realm;

    public RealmKeys(KeycloakSession session, RealmModel realm) {
        this.session = session;
        this.realm = realm;
    }

    public JSONWebKeySet document() {
        JSONWebKeySet document = JWKSServerUtils.getRealmJwks(session, realm);
        document.setKeys(Arrays.stream(document.getKeys())
                .filter(jwk -> "sig".equals(jwk.getPublicKeyUse()))
                .toArray(JWK[]::new));
        return document;
    }

    /** @param kid may be null, which matches no key */
    Optional<JsonNode> find(String kid) {
        return Arrays.stream(document().getKeys())
                .filter(jwk -> jwk.getKeyId().equals(kid))
                .findFirst()
                .map(JsonSerialization.mapper::valueToTree);
    }
}
