package demo.aauth.keycloak.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

import java.util.Optional;

/** The last check of every token: its own signature. */
final class TokenSignature {

    private TokenSignature() {
    }

    /**
     * Verifies the signature with the key that the token's issuer publishes. If a cached key fails
     * and has since been replaced under the same name, tries the newer one.
     *
     * @throws AAuthException {@code invalid_token_signature}, also if the key is not suitable for
     * the token's algorithm; or an error of discovery
     */
    static void require(DecodedToken token, PublishedKeys keys) {
        PublishedKeys.Candidate candidate = keys.key(keyId(token));
        Optional<AAuthException> refusal = judge(token, candidate.jwk());
        if (refusal.isPresent()) {
            refusal = candidate.replacement().get().map(newer -> judge(token, newer)).orElse(refusal);
        }
        refusal.ifPresent(reason -> {
            throw reason;
        });
    }

    /** Returns nothing if it is the key's signature. */
    private static Optional<AAuthException> judge(DecodedToken token, JsonNode jwk) {
        TokenAlgorithm algorithm = Claims.algorithm(token);
        if (!algorithm.suits(jwk)) {
            return refused("the issuer's key is not one for the token's algorithm");
        }
        return algorithm.verifies(jwk, token.signed(), token.signature())
                ? Optional.empty()
                : refused("the token's signature does not verify");
    }

    /**
     * Null only if the header has none; an empty one is a name that matches no key. {@link Claims}
     * has checked its type.
     */
    private static String keyId(DecodedToken token) {
        JsonNode kid = token.header().get("kid");
        return kid == null ? null : kid.textValue();
    }

    private static Optional<AAuthException> refused(String reason) {
        return Optional.of(new AAuthException(ErrorCode.INVALID_TOKEN_SIGNATURE, reason));
    }
}
