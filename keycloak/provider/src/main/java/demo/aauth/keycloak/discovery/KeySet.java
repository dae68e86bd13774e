package demo.aauth.keycloak.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.keys.PrivateMembers;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A JWK Set document (RFC 7517 section 5). */
public record KeySet(List<JsonNode> keys) {

    private static final int MAX_KEYS = 100;

    /**
     * Reads a key set. Keys that are symmetric, carry private members or have no {@code kty} are left out, so they can never be chosen;
     * one bad key does not make its neighbours unusable.
     */
    static KeySet read(JsonNode document) {
        JsonNode array = new DocumentReader(document).array("keys");
        if (array.size() > MAX_KEYS) {
            throw DocumentReader.failed("the key set has more than " + MAX_KEYS + " keys");
        }
        List<JsonNode> keys = new ArrayList<>();
        array.forEach(key -> {
            if (isPublic(key)) {
                keys.add(key);
            }
        });
        return new KeySet(List.copyOf(keys));
    }

    /** The key named {@code kid}; where that is null, the only key of the set. */
    public Optional<JsonNode> choose(String kid) {
        if (kid == null) {
            return keys.size() == 1 ? Optional.of(keys.get(0)) : Optional.empty();
        }
        return keys.stream().filter(key -> kid.equals(Json.text(key, "kid"))).findFirst();
    }

    private static boolean isPublic(JsonNode key) {
        String kty = key.isObject() ? Json.text(key, "kty") : null;
        return kty != null && !kty.equals("oct")
                && (!key.has("kid") || Json.text(key, "kid") != null)
                && PrivateMembers.NAMES.stream().noneMatch(key::has);
    }
}
