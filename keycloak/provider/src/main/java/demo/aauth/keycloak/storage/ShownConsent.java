package demo.aauth.keycloak.storage;

import java.util.Map;

/**
 * A consent page that is shown to a user: its answer counts only from the same person in the same
 * browser session (hole J11).
 *
 * @param requestTokenHash SHA-256 of the request token, base64url: the store has no secret that
 * somebody could present
 * @param state null when there is none
 */
public record ShownConsent(String requestTokenHash, String userSessionId, String userId, String state) {

    Map<String, String> toNotes() {
        return new Notes().with("request", requestTokenHash).with("session", userSessionId).with("user", userId).with("state", state)
                .toMap();
    }

    static ShownConsent of(Map<String, String> notes) {
        return new ShownConsent(notes.get("request"), notes.get("session"), notes.get("user"), notes.get("state"));
    }
}
