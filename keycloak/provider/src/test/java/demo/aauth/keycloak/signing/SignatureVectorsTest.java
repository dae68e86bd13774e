package demo.aauth.keycloak.signing;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.encoding.Hashes;
import demo.aauth.keycloak.encoding.HttpUrl;
import demo.aauth.keycloak.headers.HeaderFields;
import demo.aauth.keycloak.headers.SignatureInput;
import demo.aauth.keycloak.headers.SignatureValue;
import demo.aauth.keycloak.keys.Ed25519Key;
import demo.aauth.keycloak.support.Vectors;
import org.junit.jupiter.api.Test;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Signatures that other implementations made, verified with our base and the JDK. */
class SignatureVectorsTest {

    private static final Ed25519Key KEY_A = Ed25519Key.of(Vectors.key("A").x());

    @Test
    void agreesWithSignaturesOfThePythonLibrary() {
        JsonNode file = Vectors.read("signatures.json");
        assertEquals(5, file.get("vectors").size());
        for (JsonNode vector : file.get("vectors")) {
            URI url = URI.create(vector.get("url").textValue());
            String list = StreamSupport.stream(vector.get("covered").spliterator(), false)
                    .map(JsonNode::toString).collect(Collectors.joining(" ", "(", ")"));
            SignatureInput input = SignatureInput.parse("sig1=" + list + ";created=" + file.get("created"));
            HeaderFields headers = new HeaderFields(Map.of("Signature-Key", List.of(vector.get("signatureKey").textValue())));
            String path = url.getRawPath().isEmpty() ? "/" : url.getRawPath();
            ReceivedRequest request =
                    new ReceivedRequest(vector.get("method").textValue(), path, url.getRawQuery(), headers, new byte[0]);

            String base = SignatureBase.of(request, HttpUrl.of(url).orElseThrow().authority(), input);

            String id = vector.get("id").textValue();
            byte[] bytes = base.getBytes(StandardCharsets.US_ASCII);
            assertEquals(vector.get("baseLength").intValue(), bytes.length, id);
            assertEquals(vector.get("baseSha256Prefix").textValue(),
                    HexFormat.of().formatHex(Hashes.digest("SHA-256", bytes)).substring(0, 16), id);
            if (vector.has("base")) {
                assertEquals(vector.get("base").textValue(), base);
            }
            SignatureValue signature = SignatureValue.parse("sig1=:" + vector.get("signature").textValue() + ":");
            assertTrue(KEY_A.verifies(bytes, signature.bytes()), id);
        }
    }

    @Test
    void agreesWithTheRfc() {
        JsonNode vector = Vectors.read("rfc9421-b26.json");
        JsonNode sent = vector.get("request");
        Map<String, List<String>> headers = new HashMap<>();
        sent.get("headers").properties().forEach(header -> headers.put(header.getKey(), List.of(header.getValue().textValue())));
        ReceivedRequest request = new ReceivedRequest(
                sent.get("method").textValue(), "/foo", "param=Value&Pet=dog", new HeaderFields(headers), new byte[0]);

        String base = SignatureBase.of(request, sent.get("authority").textValue(),
                SignatureInput.parse(vector.get("signatureInput").textValue()));

        assertEquals(vector.get("base").textValue(), base);
        SignatureValue signature = SignatureValue.parse(vector.get("signature").textValue());
        assertTrue(KEY_A.verifies(base.getBytes(StandardCharsets.US_ASCII), signature.bytes()));
    }
}
