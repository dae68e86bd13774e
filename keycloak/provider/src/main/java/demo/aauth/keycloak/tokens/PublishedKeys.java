package demo.aauth.keycloak.tokens;

import com.fasterxml.jackson.databind.JsonNode;

import java.util.Optional;
import java.util.function.Supplier;

/** Source of the key to verify a token's signature with. */
public interface PublishedKeys {

    /**
     * The key that the token's issuer publishes under {@code kid}; if that is null, its only key.
     */
    Candidate key(String kid);

    /**
     * @param replacement for a cached key, the one that has since replaced it under the same name;
     * otherwise nothing
     */
    record Candidate(JsonNode jwk, Supplier<Optional<JsonNode>> replacement) {
    }
}
