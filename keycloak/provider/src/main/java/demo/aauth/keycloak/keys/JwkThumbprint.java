package demo.aauth.keycloak.keys;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.Hashes;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

import java.util.List;
import java.util.Map;

/**
 * RFC 7638 SHA-256 thumbprints, which {@code agent_jkt} contains and by which keys are compared.
 */
public final class JwkThumbprint {

    /** The members of the thumbprint, in the lexicographic order required by RFC 7638 section 3. */
    private static final Map<String, List<String>> MEMBERS = Map.of(
            "OKP", List.of("crv", "kty", "x"),
            "EC", List.of("crv", "kty", "x", "y"),
            "RSA", List.of("e", "kty", "n"));

    private JwkThumbprint() {
    }

    /**
     * @param jwk an OKP, EC or RSA key; further members are ignored
     * @return base64url without padding
     * @throws AAuthException {@code unsupported_key} for another {@code kty} or a missing member
     */
    public static String of(JsonNode jwk) {
        List<String> members = MEMBERS.get(String.valueOf(Json.text(jwk, "kty")));
        if (members == null) {
            throw new AAuthException(ErrorCode.UNSUPPORTED_KEY, "no thumbprint is defined for this key type");
        }
        ObjectNode canonical = Json.object();
        for (String name : members) {
            String value = Json.text(jwk, name);
            if (value == null) {
                throw new AAuthException(ErrorCode.UNSUPPORTED_KEY, "the key has no member \"" + name + "\"");
            }
            canonical.put(name, value);
        }
        return Hashes.sha256Url(canonical.toString());
    }
}
