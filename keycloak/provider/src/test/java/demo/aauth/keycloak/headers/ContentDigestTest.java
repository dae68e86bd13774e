package demo.aauth.keycloak.headers;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.Refusal;
import demo.aauth.keycloak.support.Vectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertFalse;

class ContentDigestTest {

    private static final String SHA_256 = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
    private static final byte[] BODY = "{\"hello\": \"world\"}".getBytes(StandardCharsets.UTF_8);

    @Test
    void agreesWithTheVectors() {
        JsonNode vectors = Vectors.read("digests.json");
        assertFalse(vectors.isEmpty());
        for (JsonNode vector : vectors) {
            byte[] body = vector.get("body").textValue().getBytes(StandardCharsets.UTF_8);
            List<String> members = new ArrayList<>();
            for (String algorithm : List.of("sha-256", "sha-512")) {
                if (vector.has(algorithm)) {
                    String member = algorithm + "=:" + vector.get(algorithm).textValue() + ":";
                    members.add(member);
                    ContentDigest.verify(member, body);
                    Refusal.expect(ErrorCode.DIGEST_MISMATCH, () -> ContentDigest.verify(member, "other".getBytes(StandardCharsets.UTF_8)));
                }
            }
            ContentDigest.verify(String.join(", ", members), body);
        }
    }

    @Test
    void comparesEverySupportedDigest() {
        String wrong = "sha-512=:" + "A".repeat(86) + "==:";
        Refusal.expect(ErrorCode.DIGEST_MISMATCH, () -> ContentDigest.verify(SHA_256 + ", " + wrong, BODY));
        ContentDigest.verify("md5=:AAAA:, " + SHA_256 + ";a=1", BODY);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "sha-256", "sha-256=", "sha-256=AAAA", "sha-256=::", "sha-256=:AAAA:", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE:",
        "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=: x", "md5=:AAAA:", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:,",
        SHA_256 + ", " + SHA_256, "md5=:AAAA:, md5=:AAAA:, " + SHA_256, SHA_256 + ";a;a",
    })
    void refusesOtherGrammar(String value) {
        Refusal.expect(ErrorCode.MALFORMED_DIGEST, () -> ContentDigest.verify(value, BODY));
    }
}
