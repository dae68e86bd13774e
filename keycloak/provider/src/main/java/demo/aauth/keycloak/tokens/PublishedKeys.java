package demo.aauth.keycloak.tokens;

import com.fasterxml.jackson.databind.JsonNode;

import java.util.Optional;
import java.util.function.Supplier;

/** Whose key a token's signature is to be verified with, and where that is found. */
public interface PublishedKeys {

    /**
     * The key that the token's issuer publishes under {@code kid}; where that is null, its only
     * key.
     */
    Candidate key(String kid);

    /**
     * @param replacement where the key came from a cache, the one that has taken its name since;
     * else nothing
     */
    record Candidate(JsonNode jwk, Supplier<Optional<JsonNode>> replacement) {
    }
}
