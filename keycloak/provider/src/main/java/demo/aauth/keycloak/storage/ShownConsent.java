package demo.aauth.keycloak.storage;

import java.util.Map;

/**
 * A consent page shown to a user. Its decision is only accepted from the same person in the same
 * browser session (hole J11).
 *
 * @param requestTokenHash SHA-256 of the request token, in base64url, so that the store contains no
 * usable secret
 * @param state null if there is none
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
