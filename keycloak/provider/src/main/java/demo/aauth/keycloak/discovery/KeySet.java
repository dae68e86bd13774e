package demo.aauth.keycloak.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.keys.PrivateMembers;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;

/** A JWK Set document (RFC 7517 section 5). */
public record KeySet(List<JsonNode> keys) {

    private static final int MAX_KEYS = 100;
    /** What says which key it is, and what it is for. Beside these, {@code key_ops}. */
    private static final List<String> MEMBERS = List.of("kid", "kty", "use", "alg", "crv", "x", "y", "n", "e");
    private static final String VERIFY = "verify";

    /**
     * Reads a key set. Keys that are symmetric, carry private members, have no {@code kty} or a
     * member of the wrong shape are left out, so they can never be chosen; one bad key does not
     * make its neighbours unusable. Of a key only the members are kept that say what it is and what
     * it is for: certificates are not looked at, and whatever else a stranger puts there would only
     * fill the memory.
     */
    static KeySet read(JsonNode document) {
        JsonNode array = new DocumentReader(document).array("keys");
        if (array.size() > MAX_KEYS) {
            throw DocumentReader.failed("the key set has more than " + MAX_KEYS + " keys");
        }
        List<JsonNode> keys = new ArrayList<>();
        array.forEach(key -> {
            if (isPublic(key)) {
                keys.add(kept(key));
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
                && MEMBERS.stream().allMatch(name -> !key.has(name) || Json.text(key, name) != null)
                && isListOfTexts(key.get("key_ops"))
                && PrivateMembers.NAMES.stream().noneMatch(key::has);
    }

    private static boolean isListOfTexts(JsonNode operations) {
        return operations == null || operations.isArray()
                && StreamSupport.stream(operations.spliterator(), false).allMatch(JsonNode::isTextual);
    }

    private static JsonNode kept(JsonNode key) {
        ObjectNode kept = Json.object();
        MEMBERS.stream().filter(key::has).forEach(name -> kept.put(name, Json.text(key, name)));
        if (key.has("key_ops")) {
            // What it is said to be good for beside that counts for nothing here.
            boolean verifies = StreamSupport.stream(key.get("key_ops").spliterator(), false)
                    .anyMatch(operation -> VERIFY.equals(operation.textValue()));
            ArrayNode operations = kept.putArray("key_ops");
            if (verifies) {
                operations.add(VERIFY);
            }
        }
        return kept;
    }
}
