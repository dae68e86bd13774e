package demo.aauth.keycloak.storage;

import java.util.Map;

/**
 * Access that an agent may request again without the user. Not bound to a key, because keys are
 * rotated (profile 4.5).
 *
 * @param agentDelegate null if the agent asks without one
 * @param scope space-separated
 * @param subject the user's id
 */
public record RefreshGrant(String agent, String agentDelegate, String resource, String scope, String subject) {

    Map<String, String> toNotes() {
        return new Notes().with("agent", agent).with("delegate", agentDelegate).with("resource", resource).with("scope", scope)
                .with("sub", subject).toMap();
    }

    static RefreshGrant of(Map<String, String> notes) {
        return new RefreshGrant(
                notes.get("agent"), notes.get("delegate"), notes.get("resource"), notes.get("scope"), notes.get("sub"));
    }
}
