package demo.aauth.keycloak.tracing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import demo.aauth.keycloak.encoding.Hashes;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.tokens.DecodedToken;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/** A token for traces, without its signature. */
final class TracedToken {

    /** Leaves room for surrounding text. */
    private static final int MAX_LENGTH = Cut.MAX_LENGTH - 1_024;
    /** Unverified, so it may be anything. */
    private static final Pattern PLAIN_ID = Pattern.compile("[\\w.:~+/=-]{1,64}");
    private static final int NAME_BYTES = 4;

    private TracedToken() {
    }

    /**
     * JSON of {@code kind}, {@code id}, {@code header} and {@code claims}, without the latter two
     * if they are too long.
     */
    static String json(String token) {
        ObjectNode brief = Json.object();
        try {
            DecodedToken decoded = DecodedToken.decode(token);
            String type = Json.text(decoded.header(), "typ");
            brief.put("kind", type == null ? "opaque" : type.toLowerCase(Locale.ROOT)).put("id", id(token, decoded.claims()));
            ObjectNode whole = brief.deepCopy();
            whole.set("header", cut(decoded.header()));
            whole.set("claims", cut(decoded.claims()));
            String json = whole.toString();
            return json.length() <= MAX_LENGTH ? json : brief.toString();
        } catch (AAuthException opaque) {
            return brief.put("kind", "opaque").put("id", id(token, Json.object())).toString();
        }
    }

    private static String id(String token, JsonNode claims) {
        String id = Json.text(claims, "jti");
        return id != null && PLAIN_ID.matcher(id).matches()
                ? id
                : HexFormat.of().formatHex(Hashes.digest("SHA-256", token.getBytes(StandardCharsets.UTF_8)), 0, NAME_BYTES);
    }

    /** Truncates tokens within the token, such as an upstream token. */
    private static JsonNode cut(JsonNode value) {
        if (value.isTextual()) {
            return TextNode.valueOf(Cut.tokens(value.textValue()));
        }
        if (value instanceof ObjectNode object) {
            ObjectNode copy = Json.object();
            object.properties().forEach(member -> copy.set(member.getKey(), cut(member.getValue())));
            return copy;
        }
        if (value instanceof ArrayNode array) {
            ArrayNode copy = array.arrayNode();
            array.forEach(item -> copy.add(cut(item)));
            return copy;
        }
        return value;
    }
}
