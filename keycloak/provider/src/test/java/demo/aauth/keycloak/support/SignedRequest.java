package demo.aauth.keycloak.support;

import demo.aauth.keycloak.encoding.Hashes;
import demo.aauth.keycloak.encoding.StrictBase64;
import demo.aauth.keycloak.headers.HeaderFields;
import demo.aauth.keycloak.signing.ReceivedRequest;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A signed request, written by hand rather than by the code under test, so that everything about it
 * can be wrong.
 */
public final class SignedRequest {

    public String method = "POST";
    public String authority = "auth.example";
    public String path = "/realms/test/protocol/aauth/agent/token";
    public String query;
    public String body = "request_type=auth";
    public String label = "sig1";
    public String signatureKey;
    public String parameters;
    public List<String> components;
    public final Map<String, String> headers = new LinkedHashMap<>();
    private final TestKey key;

    public SignedRequest(TestKey key, long created) {
        this.key = key;
        signatureKey = "(scheme=hwk kty=\"OKP\" crv=\"Ed25519\" x=\"" + key.x() + "\")";
        parameters = ";created=" + created;
        headers.put("content-type", "application/x-www-form-urlencoded");
        headers.put("nonce", "Y3VyaW91c2x5Y3VyaW91cw");
    }

    /** Leaves a component out that would have been covered. */
    public SignedRequest without(String component) {
        components = new ArrayList<>(allComponents());
        components.remove(component);
        return this;
    }

    /** The request as it arrives; later changes of this object do not reach it. */
    public ReceivedRequest send() {
        return sendWithBody(body);
    }

    /** The request with another body than the one that was signed. */
    public ReceivedRequest sendWithBody(String otherBody) {
        Map<String, String> sent = new LinkedHashMap<>(headers);
        if (body != null) {
            sent.putIfAbsent("content-length", String.valueOf(body.length()));
            sent.putIfAbsent("content-digest", "sha-256=:" + StrictBase64.encode(
                    Hashes.digest("SHA-256", body.getBytes(StandardCharsets.UTF_8))) + ":");
        }
        sent.put("signature-key", label + "=" + signatureKey);
        List<String> covered = components == null ? allComponents() : components;
        String input = covered.stream().map(name -> '"' + name + '"').collect(Collectors.joining(" ", "(", ")")) + parameters;
        String base = covered.stream().map(name -> '"' + name + "\": " + value(name, sent) + "\n").collect(Collectors.joining())
                + "\"@signature-params\": " + input;
        sent.putIfAbsent("signature-input", label + "=" + input);
        sent.putIfAbsent("signature", label + "=:" + StrictBase64.encodeUrl(key.sign(base)) + ":");
        byte[] bytes = otherBody == null ? new byte[0] : otherBody.getBytes(StandardCharsets.UTF_8);
        return new ReceivedRequest(method, path, query, fields(sent), bytes);
    }

    private List<String> allComponents() {
        List<String> names = new ArrayList<>(List.of("@method", "@authority", "@path"));
        if (query != null) {
            names.add("@query");
        }
        if (body != null) {
            names.addAll(List.of("content-type", "content-digest"));
        }
        if (headers.containsKey("nonce")) {
            names.add("nonce");
        }
        names.add("signature-key");
        return names;
    }

    private String value(String name, Map<String, String> sent) {
        return switch (name) {
            case "@method" -> method;
            case "@authority" -> authority;
            case "@path" -> path;
            case "@query" -> "?" + query;
            default -> sent.get(name);
        };
    }

    private static HeaderFields fields(Map<String, String> headers) {
        return new HeaderFields(headers.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> List.of(entry.getValue()))));
    }
}
