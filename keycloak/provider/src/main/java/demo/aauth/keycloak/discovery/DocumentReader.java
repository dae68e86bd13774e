package demo.aauth.keycloak.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.encoding.HttpUrl;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads the members of an untrusted document. Unknown members are ignored. */
final class DocumentReader {

    private final JsonNode document;

    /** @throws AAuthException {@code discovery_failed} if it is not a JSON object */
    DocumentReader(JsonNode document) {
        if (document == null || !document.isObject()) {
            throw failed("the document is not a JSON object");
        }
        this.document = document;
    }

    /**
     * @throws AAuthException {@code metadata_mismatch} if the document does not name the requested
     * identity
     */
    void requireIdentity(String name, String id) {
        if (!id.equals(Json.text(document, name))) {
            throw new AAuthException(ErrorCode.METADATA_MISMATCH, "the document's " + name + " is not the identity asked for");
        }
    }

    String url(String name) {
        String value = Json.text(document, name);
        if (value == null || HttpUrl.parse(value).isEmpty()) {
            throw failed(name + " is missing or not a URL");
        }
        return value;
    }

    String optionalString(String name) {
        if (!document.hasNonNull(name)) {
            return null;
        }
        String value = Json.text(document, name);
        if (value == null) {
            throw failed(name + " has the wrong shape");
        }
        return value;
    }

    /** The URLs, or null if there is no such member. */
    List<String> optionalUrls(String name) {
        if (!document.hasNonNull(name)) {
            return null;
        }
        List<String> urls = new ArrayList<>();
        for (JsonNode item : array(name)) {
            if (!item.isTextual() || HttpUrl.parse(item.textValue()).isEmpty()) {
                throw failed(name + " has the wrong shape");
            }
            urls.add(item.textValue());
        }
        return List.copyOf(urls);
    }

    /** Strings by name; empty if there is no such member. */
    Map<String, String> optionalStrings(String name) {
        Map<String, String> strings = new HashMap<>();
        if (document.hasNonNull(name)) {
            if (!document.get(name).isObject()) {
                throw failed(name + " has the wrong shape");
            }
            document.get(name).properties().forEach(member -> strings.put(member.getKey(), textOf(name, member.getValue())));
        }
        return Map.copyOf(strings);
    }

    JsonNode array(String name) {
        JsonNode value = document.get(name);
        if (value == null || !value.isArray()) {
            throw failed(name + " is not an array");
        }
        return value;
    }

    private static String textOf(String name, JsonNode value) {
        if (!value.isTextual() || value.textValue().isEmpty()) {
            throw failed(name + " has the wrong shape");
        }
        return value.textValue();
    }

    static AAuthException failed(String reason) {
        return new AAuthException(ErrorCode.DISCOVERY_FAILED, reason);
    }
}
