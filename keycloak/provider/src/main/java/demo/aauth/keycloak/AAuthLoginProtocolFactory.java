package demo.aauth.keycloak;

import demo.aauth.keycloak.discovery.Discovery;
import demo.aauth.keycloak.discovery.HttpDocumentTransport;
import demo.aauth.keycloak.endpoints.AAuthEndpoint;
import demo.aauth.keycloak.realm.AAuthRealm;
import demo.aauth.keycloak.realm.AAuthSettings;
import org.jboss.logging.Logger;
import org.keycloak.Config;
import org.keycloak.common.util.Time;
import org.keycloak.events.EventBuilder;
import org.keycloak.models.ClientModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakSessionFactory;
import org.keycloak.models.ProtocolMapperModel;
import org.keycloak.models.RealmModel;
import org.keycloak.protocol.LoginProtocol;
import org.keycloak.protocol.LoginProtocolFactory;
import org.keycloak.representations.idm.ClientRepresentation;
import org.keycloak.representations.idm.ClientScopeRepresentation;

import java.util.Map;

/**
 * Makes Keycloak serve AAuth below {@code {realm}/protocol/aauth}. Holds the objects that live as
 * long as the server: its settings, and discovery with its connections and cache. State shared
 * between requests is in Keycloak's own stores, which all nodes of a cluster share.
 */
public final class AAuthLoginProtocolFactory implements LoginProtocolFactory {

    private static final Logger LOG = Logger.getLogger(AAuthLoginProtocolFactory.class);

    private AAuthSettings settings;
    private HttpDocumentTransport transport;
    private Discovery discovery;

    /** The factory instance of the session's server. */
    static AAuthLoginProtocolFactory of(KeycloakSession session) {
        return (AAuthLoginProtocolFactory) session.getKeycloakSessionFactory().getProviderFactory(LoginProtocol.class, AAuthRealm.PROTOCOL);
    }

    @Override
    public void init(Config.Scope config) {
        settings = AAuthSettings.read(config);
        transport = new HttpDocumentTransport(settings.development());
        discovery = new Discovery(transport, settings.development(), Time::currentTimeSeconds);
        if (settings.development()) {
            LOG.warn("AAuth runs in development mode: agents may be on this machine, over plain http");
        }
    }

    /** The session's realm as AAuth issuer. */
    AAuthRealm realm(KeycloakSession session) {
        return new AAuthRealm(session, settings, discovery);
    }

    @Override
    public LoginProtocol create(KeycloakSession session) {
        return new AAuthLoginProtocol(session, this);
    }

    @Override
    public Object createProtocolEndpoint(KeycloakSession session, EventBuilder event) {
        return new AAuthEndpoint(realm(session), event);
    }

    @Override
    public void postInit(KeycloakSessionFactory factory) {
        // nothing to prepare
    }

    @Override
    public void close() {
        discovery.close();
        transport.close();
    }

    @Override
    public String getId() {
        return AAuthRealm.PROTOCOL;
    }

    @Override
    public Map<String, ProtocolMapperModel> getBuiltinMappers() {
        return Map.of();
    }

    @Override
    public void createDefaultClientScopes(RealmModel newRealm, boolean addScopesToExistingClients) {
        // resources define their own scopes
    }

    @Override
    public void setupClientDefaults(ClientRepresentation representation, ClientModel newClient) {
        // agents are not clients of the realm
    }

    @Override
    public void addClientScopeDefaults(ClientScopeRepresentation clientScope) {
        // resources define their own scopes
    }
}
