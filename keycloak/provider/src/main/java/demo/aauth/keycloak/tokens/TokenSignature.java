package demo.aauth.keycloak.tokens;

import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

/** The last check of every token: its own signature. */
final class TokenSignature {

    private TokenSignature() {
    }

    /**
     * Verifies the signature with the key that the token's issuer publishes; once more with a newer one, where the key came from a cache
     * and another one has taken its name since.
     *
     * @throws AAuthException {@code invalid_token_signature}, also when the key is not one for the token's algorithm; or of discovery
     */
    static void require(DecodedToken token, PublishedKeys keys) {
        TokenAlgorithm algorithm = Claims.algorithm(token);
        PublishedKeys.Candidate candidate = keys.key(Json.text(token.header(), "kid"));
        boolean verified = algorithm.verifies(candidate.jwk(), token.signed(), token.signature())
                || candidate.replacement().get().filter(jwk -> algorithm.verifies(jwk, token.signed(), token.signature())).isPresent();
        if (!verified) {
            throw new AAuthException(ErrorCode.INVALID_TOKEN_SIGNATURE, "the token's signature does not verify");
        }
    }
}
