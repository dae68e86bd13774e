package demo.aauth.keycloak.storage;

import java.util.Map;

/**
 * An agent's request that a user has to decide on.
 *
 * @param agentDelegate null if the agent asks without one
 * @param thumbprint thumbprint of the key that signed the request, and the only one that may redeem
 * the code
 * @param scope space-separated
 * @param redirectUri verified against the agent's metadata
 * @param state null if the agent sent none
 */
public record ConsentRequest(
        String agent, String agentDelegate, String thumbprint, String resource, String scope, String redirectUri, String state) {

    Map<String, String> toNotes() {
        return new Notes().with("agent", agent).with("delegate", agentDelegate).with("jkt", thumbprint).with("resource", resource)
                .with("scope", scope).with("redirect_uri", redirectUri).with("state", state).toMap();
    }

    static ConsentRequest of(Map<String, String> notes) {
        return new ConsentRequest(notes.get("agent"), notes.get("delegate"), notes.get("jkt"), notes.get("resource"),
                notes.get("scope"), notes.get("redirect_uri"), notes.get("state"));
    }
}
