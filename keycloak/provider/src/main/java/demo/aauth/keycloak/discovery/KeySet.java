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
    /** Members that identify a key and its use, in addition to {@code key_ops}. */
    private static final List<String> MEMBERS = List.of("kid", "kty", "use", "alg", "crv", "x", "y", "n", "e");
    private static final String VERIFY = "verify";

    /**
     * Reads a key set. Keys that are symmetric, have private members, no {@code kty} or a malformed
     * member are omitted and can never be chosen; an invalid key does not affect the others. Only
     * members that identify a key and its use are kept: certificates are ignored, and anything else
     * from an unknown party would only use memory.
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

    /** The key named {@code kid}; if that is null, the only key of the set. */
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
            // Other declared operations are ignored.
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
