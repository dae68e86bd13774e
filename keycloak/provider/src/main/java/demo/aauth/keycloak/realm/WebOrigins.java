package demo.aauth.keycloak.realm;

import org.keycloak.models.ClientModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.protocol.oidc.utils.WebOriginsUtils;

import java.util.Set;
import java.util.stream.Collectors;

/** Origins of the front ends of the realm's clients. */
public final class WebOrigins {

    private final KeycloakSession session;

    public WebOrigins(KeycloakSession session) {
        this.session = session;
    }

    /** Origins of all enabled clients, ignoring {@code *}. */
    public Set<String> all() {
        return session.getContext().getRealm().getClientsStream()
                .filter(ClientModel::isEnabled)
                .flatMap(client -> WebOriginsUtils.resolveValidWebOrigins(session, client).stream())
                .filter(origin -> origin.startsWith("http"))
                .collect(Collectors.toSet());
    }
}
