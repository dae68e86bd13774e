package demo.aauth.keycloak.granttypes;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.realm.AAuthRealm;
import demo.aauth.keycloak.signing.Requester;
import demo.aauth.keycloak.tokens.DecodedToken;
import demo.aauth.keycloak.tokens.ResourceToken;

import java.util.List;

import static demo.aauth.keycloak.errors.OAuthException.quoted;

/**
 * Verifies a resource token for its authenticated requester, with the error messages of profile
 * 6.2.
 */
final class ResourceTokenCheck {

    private static final List<String> REQUIRED = List.of("iss", "aud", "agent", "agent_jkt", "exp", "scope");

    private ResourceTokenCheck() {
    }

    /** @throws OAuthException 400 {@code invalid_grant} */
    static ResourceToken verify(String token, Requester requester, AAuthRealm realm) {
        try {
            return realm.tokens().verifyResourceToken(token, requester.agent(), requester.thumbprint());
        } catch (AAuthException refusal) {
            throw OAuthException.invalidGrant("Invalid resource_token: " + reason(refusal, token, requester, realm), refusal);
        }
    }

    private static String reason(AAuthException refusal, String token, Requester requester, AAuthRealm realm) {
        if (refusal.code() == ErrorCode.MALFORMED_TOKEN) {
            return refusal.getMessage();
        }
        DecodedToken decoded = DecodedToken.decode(token);
        JsonNode claims = decoded.claims();
        return switch (refusal.code()) {
            case TOKEN_TYPE_MISMATCH ->
                    "Invalid token type, expected 'resource+jwt', got: " + quoted(Json.text(decoded.header(), "typ"));
            case TOKEN_CLAIM_MISSING -> "Missing '" + missing(claims) + "' claim in resource token";
            case DISCOVERY_FAILED, DISCOVERY_BLOCKED, METADATA_MISMATCH ->
                    "Failed to fetch resource metadata or jwks_uri not found";
            case UNKNOWN_KEY -> "Signing key with kid='" + quoted(Json.text(decoded.header(), "kid")) + "' not found in resource JWKS";
            case TOKEN_AUDIENCE_MISMATCH -> "Resource token audience mismatch: expected " + realm.issuer() + ", got "
                    + quoted(Json.text(claims, "aud"));
            case TOKEN_AGENT_MISMATCH -> "Resource token agent mismatch: expected " + requester.agent() + ", got "
                    + quoted(Json.text(claims, "agent"));
            case TOKEN_KEY_MISMATCH -> "Resource token agent_jkt mismatch: the request is signed with another key";
            case TOKEN_EXPIRED -> "Resource token has expired";
            default -> refusal.getMessage();
        };
    }

    private static String missing(JsonNode claims) {
        return REQUIRED.stream().filter(name -> !claims.has(name)).findFirst().orElse("scope");
    }
}
