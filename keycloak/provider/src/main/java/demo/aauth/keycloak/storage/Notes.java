package demo.aauth.keycloak.storage;

import java.util.HashMap;
import java.util.Map;

/** Strings by name, as Keycloak's stores hold them, without absent ones. */
final class Notes {

    private final Map<String, String> notes = new HashMap<>();

    Notes with(String name, String value) {
        if (value != null) {
            notes.put(name, value);
        }
        return this;
    }

    Map<String, String> toMap() {
        return notes;
    }
}
