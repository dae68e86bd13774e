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
 * What a person has agreed to since signing in: not asked again in that browser session, forgotten
 * when it ends, on revocation, and after the lifespan of the refresh token that comes with it.
 * Longer it must not be remembered: a refresh token that has expired is nothing to revoke by, and
 * the consent would then bring the next token without anybody being asked. It is a note of
 * Keycloak's user session, so every node knows it and nothing is left behind.
 */
public final class ConsentMemory {

    private static final String NOTE = "aauth.consent.";

    /**
     * Agents at resources that one session remembers consents to; beyond it those agreed to longest
     * ago are asked about again.
     */
    static final int MAX_NOTES = 100;

    private final KeycloakSession session;

    public ConsentMemory(KeycloakSession session) {
        this.session = session;
    }

    /** How long a consent given now is remembered. */
    int lifespanSeconds(Policy policy) {
        return Math.min(policy.refreshTokenLifespanSeconds(), session.getContext().getRealm().getSsoSessionMaxLifespan());
    }

    boolean covers(UserSessionModel userSession, ConsentRequest request) {
        return AgreedScopes.read(userSession.getNote(note(request)))
                .covers(Scopes.words(request.scope()), Time.currentTimeSeconds());
    }

    /**
     * To be called when a user was asked and agreed: what is remembered already must not prolong
     * itself.
     */
    void remember(UserSessionModel userSession, ConsentRequest request, Policy policy) {
        long now = Time.currentTimeSeconds();
        String note = note(request);
        pushedOutBy(note, userSession.getNotes()).forEach(userSession::removeNote);
        userSession.setNote(note, AgreedScopes.read(userSession.getNote(note))
                .with(Scopes.words(request.scope()), now + lifespanSeconds(policy)).toNote(now));
    }

    /** Names of the notes that have to go for one that is written now. */
    static List<String> pushedOutBy(String note, Map<String, String> notes) {
        return notes.entrySet().stream()
                .filter(other -> other.getKey().startsWith(NOTE) && !other.getKey().equals(note))
                .sorted(Comparator.comparingLong(other -> -AgreedScopes.read(other.getValue()).untilSeconds()))
                .skip(MAX_NOTES - 1)
                .map(Map.Entry::getKey)
                .toList();
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

    private static String note(ConsentRequest request) {
        return note(request.agent(), request.agentDelegate(), request.resource());
    }

    /** JSON keeps the parts apart whatever is in them. */
    private static String note(String agent, String agentDelegate, String resource) {
        return NOTE + Hashes.sha256Url(Json.array(agent, agentDelegate, resource));
    }
}
