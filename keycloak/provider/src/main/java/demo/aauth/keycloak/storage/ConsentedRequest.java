package demo.aauth.keycloak.storage;

import java.util.HashMap;
import java.util.Map;

/**
 * A request that a user has agreed to.
 *
 * @param subject the user's id
 */
public record ConsentedRequest(ConsentRequest request, String subject) {

    Map<String, String> toNotes() {
        Map<String, String> notes = new HashMap<>(request.toNotes());
        notes.put("sub", subject);
        return notes;
    }

    static ConsentedRequest of(Map<String, String> notes) {
        return new ConsentedRequest(ConsentRequest.of(notes), notes.get("sub"));
    }
}
