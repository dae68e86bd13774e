package demo.aauth.keycloak;

import demo.aauth.keycloak.endpoints.IssuerMetadataProvider;
import org.keycloak.Config;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakSessionFactory;
import org.keycloak.wellknown.WellKnownProvider;
import org.keycloak.wellknown.WellKnownProviderFactory;

/** Makes Keycloak serve {@link IssuerMetadataProvider}. */
public final class IssuerMetadataProviderFactory implements WellKnownProviderFactory {

    @Override
    public String getId() {
        return "aauth-issuer";
    }

    @Override
    public WellKnownProvider create(KeycloakSession session) {
        return new IssuerMetadataProvider(AAuthLoginProtocolFactory.of(session).realm(session));
    }

    @Override
    public void init(Config.Scope config) {
        // uses the protocol's settings
    }

    @Override
    public void postInit(KeycloakSessionFactory factory) {
        // nothing to prepare
    }

    @Override
    public void close() {
        // no resources to release
    }
}
