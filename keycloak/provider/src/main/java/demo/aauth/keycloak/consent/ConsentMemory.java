package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.encoding.Hashes;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.policy.Policy;
import demo.aauth.keycloak.policy.Scopes;
import demo.aauth.keycloak.storage.ConsentRequest;
import demo.aauth.keycloak.storage.RefreshGrant;
import org.keycloak.common.util.Time;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;
import org.keycloak.models.UserSessionModel;

import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The consents of a person since signing in. The person is not asked again until the browser
 * session ends, the consent is revoked, or the refresh token issued with it expires. A consent must
 * not be remembered longer: an expired refresh token cannot be revoked, and the consent would yield
 * the next token without asking the person. Stored as notes of Keycloak's user session, which all
 * nodes share and which are deleted with it.
 */
public final class ConsentMemory {

    private static final String NOTE = "aauth.consent.";

    /**
     * Limit on the pairs of agent and resource per session. Beyond it, the person is asked again
     * about the oldest.
     */
    static final int MAX_NOTES = 100;

    private final KeycloakSession session;

    public ConsentMemory(KeycloakSession session) {
        this.session = session;
    }

    /** Seconds a consent given now is remembered. */
    int lifespanSeconds(Policy policy) {
        return Math.min(policy.refreshTokenLifespanSeconds(), session.getContext().getRealm().getSsoSessionMaxLifespan());
    }

    boolean covers(UserSessionModel userSession, ConsentRequest request) {
        return AgreedScopes.read(userSession.getNote(note(request)))
                .covers(Scopes.words(request.scope()), Time.currentTimeSeconds());
    }

    /**
     * Call this only when a user was asked and agreed, because a remembered consent must not extend
     * itself.
     */
    void remember(UserSessionModel userSession, ConsentRequest request, Policy policy) {
        long now = Time.currentTimeSeconds();
        String note = note(request);
        pushedOutBy(note, userSession.getNotes()).forEach(userSession::removeNote);
        userSession.setNote(note, AgreedScopes.read(userSession.getNote(note))
                .with(Scopes.words(request.scope()), now + lifespanSeconds(policy)).toNote(now));
    }

    /** Names of the notes to delete for the note being written. */
    static List<String> pushedOutBy(String note, Map<String, String> notes) {
        return notes.entrySet().stream()
                .filter(other -> other.getKey().startsWith(NOTE) && !other.getKey().equals(note))
                .sorted(Comparator.comparingLong(other -> -AgreedScopes.read(other.getValue()).untilSeconds()))
                .skip(MAX_NOTES - 1)
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Forgets the consent in every session of this user. */
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

    private static String note(ConsentRequest request) {
        return note(request.agent(), request.agentDelegate(), request.resource());
    }

    /** JSON separates the parts unambiguously. */
    private static String note(String agent, String agentDelegate, String resource) {
        return NOTE + Hashes.sha256Url(Json.array(agent, agentDelegate, resource));
    }
}
