package demo.aauth.keycloak.keys;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.Refusal;
import demo.aauth.keycloak.support.Vectors;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

class JwkThumbprintTest {

    @Test
    void agreesWithTheVectors() {
        JsonNode vectors = Vectors.read("thumbprints.json");
        assertFalse(vectors.isEmpty());
        for (JsonNode vector : vectors) {
            assertEquals(vector.get("thumbprint").textValue(), JwkThumbprint.of(vector.get("jwk")), vector.get("source").textValue());
        }
    }

    @Test
    void refusesKeysWithoutThumbprint() {
        Refusal.expect(ErrorCode.UNSUPPORTED_KEY, () -> JwkThumbprint.of(Json.object().put("kty", "oct").put("k", "AAAA")));
        Refusal.expect(ErrorCode.UNSUPPORTED_KEY, () -> JwkThumbprint.of(Json.object().put("kty", "OKP").put("crv", "Ed25519")));
        Refusal.expect(ErrorCode.UNSUPPORTED_KEY, () -> JwkThumbprint.of(Json.object()));
    }
}
