package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.encoding.Hashes;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.policy.Scopes;
import demo.aauth.keycloak.storage.ConsentRequest;
import demo.aauth.keycloak.storage.RefreshGrant;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.models.UserSessionModel;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What a person has agreed to since signing in: not asked again in that browser session, forgotten when it ends or on revocation. It is
 * a note of Keycloak's user session, so every node knows it and nothing is left behind.
 */
public final class ConsentMemory {

    private static final String NOTE = "aauth.consent.";

    private final KeycloakSession session;

    public ConsentMemory(KeycloakSession session) {
        this.session = session;
    }

    boolean covers(UserSessionModel userSession, ConsentRequest request) {
        return agreed(userSession, note(request)).containsAll(Scopes.words(request.scope()));
    }

    void remember(UserSessionModel userSession, ConsentRequest request) {
        Set<String> scopes = new LinkedHashSet<>(agreed(userSession, note(request)));
        scopes.addAll(Scopes.words(request.scope()));
        userSession.setNote(note(request), Scopes.join(List.copyOf(scopes)));
    }

    /** Forgets it in every session of this user. */
    public void forget(RefreshGrant grant) {
        RealmModel realm = session.getContext().getRealm();
        UserModel user = session.users().getUserById(realm, grant.subject());
        if (user == null) {
            return;
        }
        String note = note(grant.agent(), grant.agentDelegate(), grant.resource());
        session.sessions().getUserSessionsStream(realm, user).toList().stream()
                .filter(userSession -> userSession.getNote(note) != null)
                .forEach(userSession -> userSession.removeNote(note));
    }

    private static List<String> agreed(UserSessionModel userSession, String note) {
        return Scopes.words(userSession.getNote(note));
    }

    private static String note(ConsentRequest request) {
        return note(request.agent(), request.agentDelegate(), request.resource());
    }

    /** JSON keeps the parts apart whatever is in them. */
    private static String note(String agent, String agentDelegate, String resource) {
        return NOTE + Hashes.sha256Url(Json.array(agent, agentDelegate, resource));
    }
}
