package demo.aauth.keycloak.endpoints;

import demo.aauth.keycloak.realm.AAuthRealm;
import org.keycloak.wellknown.WellKnownProvider;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code {realm}/.well-known/aauth-issuer} (profile 5.1). */
public final class IssuerMetadataProvider implements WellKnownProvider {

    private final AAuthRealm realm;

    public IssuerMetadataProvider(AAuthRealm realm) {
        this.realm = realm;
    }

    @Override
    public Object getConfig() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("issuer", realm.issuer());
        document.put("jwks_uri", realm.endpoint("/certs"));
        document.put("agent_token_endpoint", realm.endpoint("/agent/token"));
        document.put("agent_auth_endpoint", realm.endpoint("/agent/auth"));
        document.put("agent_signing_algs_supported", List.of("ed25519"));
        document.put("request_types_supported", TokenEndpoint.REQUEST_TYPES);
        document.put("scopes_supported", List.of());
        return document;
    }

    @Override
    public void close() {
        // no resources to release
    }
}
