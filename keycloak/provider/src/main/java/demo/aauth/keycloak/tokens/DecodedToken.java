package demo.aauth.keycloak.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.encoding.StrictBase64;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.headers.HeaderFields;

import java.nio.charset.StandardCharsets;

/**
 * A decoded compact JWS. Nothing in it has been verified.
 *
 * @param signed the signed bytes
 */
public record DecodedToken(JsonNode header, JsonNode claims, byte[] signed, byte[] signature) {

    /**
     * @throws AAuthException {@code malformed_token} unless it is three parts of canonical
     *         base64url whose first two are JSON objects without a name twice, or when it is larger
     *         than 16 KiB or has critical extensions
     */
    public static DecodedToken decode(String token) {
        if (token.length() > HeaderFields.MAX_LENGTH) {
            throw malformed("the token is too large");
        }
        String[] parts = token.split("\\.", -1);
        if (parts.length != 3) {
            throw malformed("the token is not a compact JWS");
        }
        byte[] signature = parts[2].isEmpty() ? null : StrictBase64.decodeUrl(parts[2]);
        if (signature == null) {
            throw malformed("the signature is not base64url");
        }
        JsonNode header = object(parts[0], "header");
        JsonNode claims = object(parts[1], "payload");
        // Extensions are not supported, and a critical one must not be ignored (RFC 7515 section
        // 4.1.11).
        if (header.has("crit")) {
            throw malformed("the token has critical extensions");
        }
        // An unencoded payload (RFC 7797) is such an extension, marked critical or not.
        if (header.has("b64") && !header.get("b64").equals(BooleanNode.TRUE)) {
            throw malformed("the payload is not encoded");
        }
        byte[] signed = (parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII);
        return new DecodedToken(header, claims, signed, signature);
    }

    public boolean hasType(String type) {
        return type.equals(Json.text(header, "typ"));
    }

    private static JsonNode object(String part, String name) {
        byte[] bytes = StrictBase64.decodeUrl(part);
        if (bytes == null) {
            throw malformed("the " + name + " is not base64url");
        }
        String text = Json.decode(bytes);
        if (text == null) {
            throw malformed("the " + name + " is not UTF-8");
        }
        JsonNode value = Json.parse(text);
        if (value == null || !value.isObject()) {
            throw malformed("the " + name + " is not a JSON object with each name once");
        }
        return value;
    }

    private static AAuthException malformed(String reason) {
        return new AAuthException(ErrorCode.MALFORMED_TOKEN, reason);
    }
}
