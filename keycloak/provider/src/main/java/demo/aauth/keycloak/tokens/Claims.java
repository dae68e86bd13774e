package demo.aauth.keycloak.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.keys.Ed25519Key;

import java.util.ArrayList;
import java.util.List;

/** The checks that all three token types share. Each returns the proven value or throws. */
final class Claims {

    /**
     * Allowed on {@code iat} and {@code nbf} only: two clocks are never the same. {@code exp} has
     * no leeway.
     */
    static final int SKEW_SECONDS = 5;

    private final JsonNode claims;

    private Claims(JsonNode claims) {
        this.claims = claims;
    }

    /**
     * The claims of a token whose {@code typ} is exactly the one demanded and whose times have
     * their shape.
     */
    static Claims of(DecodedToken token, String type) {
        if (!token.hasType(type)) {
            throw new AAuthException(ErrorCode.TOKEN_TYPE_MISMATCH, "the token is not of type " + type);
        }
        algorithm(token);
        JsonNode kid = token.header().get("kid");
        if (kid != null && !kid.isTextual()) {
            throw malformed("kid");
        }
        return new Claims(token.claims());
    }

    static TokenAlgorithm algorithm(DecodedToken token) {
        return TokenAlgorithm.of(Json.text(token.header(), "alg")).orElseThrow(() -> new AAuthException(
                ErrorCode.TOKEN_ALGORITHM_NOT_ALLOWED, "the token's algorithm is not allowed"));
    }

    String requiredString(String name) {
        String value = optionalString(name);
        if (value == null) {
            throw missing(name);
        }
        return value;
    }

    String optionalString(String name) {
        return optionalString(claims, name);
    }

    /** Space-separated scopes, perhaps none. */
    String scope() {
        JsonNode scope = claims.get("scope");
        return scope == null || scope.isTextual() && scope.textValue().isEmpty() ? "" : requiredString("scope");
    }

    /** {@code aud}, a string or a list of strings; null if absent. */
    List<String> optionalAudience() {
        JsonNode aud = claims.get("aud");
        if (aud == null) {
            return null;
        }
        if (aud.isTextual() && !aud.textValue().isEmpty()) {
            return List.of(aud.textValue());
        }
        List<String> audiences = new ArrayList<>();
        aud.forEach(item -> audiences.add(item.textValue()));
        if (!aud.isArray() || audiences.isEmpty() || audiences.contains(null)) {
            throw malformed("aud");
        }
        return audiences;
    }

    /** Compares exactly, without tolerating a trailing slash or a prefix. */
    static void requireAudience(List<String> audience, String expected) {
        if (!audience.contains(expected)) {
            throw new AAuthException(ErrorCode.TOKEN_AUDIENCE_MISMATCH, "the token is meant for someone else");
        }
    }

    /** Validates the types of the three times; {@code exp} is required. */
    void requireTimeShapes() {
        for (String name : List.of("exp", "iat", "nbf")) {
            JsonNode value = claims.get(name);
            if (value == null && name.equals("exp")) {
                throw missing(name);
            }
            if (value != null && (!value.isNumber() || !Double.isFinite(value.doubleValue()))) {
                throw malformed(name);
            }
        }
    }

    void requireNotBefore(long nowSeconds) {
        for (String name : List.of("iat", "nbf")) {
            if (claims.has(name) && claims.get(name).doubleValue() > nowSeconds + SKEW_SECONDS) {
                throw new AAuthException(ErrorCode.TOKEN_NOT_YET_VALID, "the token is from the future");
            }
        }
    }

    /** @param what name of the token in the error message */
    void requireNotExpired(long nowSeconds, String what) {
        if (nowSeconds >= expiry()) {
            throw new AAuthException(ErrorCode.TOKEN_EXPIRED, "the " + what + " has expired");
        }
    }

    double expiry() {
        return claims.get("exp").doubleValue();
    }

    /** {@code cnf.jwk}: the key that must sign requests that carry the token. */
    Ed25519Key confirmationKey() {
        JsonNode cnf = claims.get("cnf");
        if (cnf == null) {
            throw missing("cnf");
        }
        if (!cnf.isObject() || !cnf.has("jwk")) {
            throw malformed("cnf");
        }
        return Ed25519Key.of(cnf.get("jwk"));
    }

    static String optionalString(JsonNode object, String name) {
        if (!object.has(name)) {
            return null;
        }
        String value = Json.text(object, name);
        if (value == null) {
            throw malformed(name);
        }
        return value;
    }

    static AAuthException missing(String name) {
        return new AAuthException(ErrorCode.TOKEN_CLAIM_MISSING, "the token has no " + name);
    }

    static AAuthException malformed(String name) {
        return new AAuthException(ErrorCode.MALFORMED_TOKEN, "the token's " + name + " has the wrong shape");
    }
}
