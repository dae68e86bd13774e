package demo.aauth.keycloak.tracing;

import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.signing.VerificationRecorder;
import demo.aauth.keycloak.support.RecordedSpan;
import demo.aauth.keycloak.support.TestKey;
import io.opentelemetry.api.trace.Span;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class RequestSpanTest {

    private final RecordedSpan recorded = new RecordedSpan();
    private final RequestSpan span = new RequestSpan(recorded.span());
    private final TestKey key = TestKey.generate();

    private String token(Object padding) {
        return key.token(Json.object().put("alg", "EdDSA").put("typ", "auth+jwt"),
                Json.object().put("jti", "token-1").put("padding", String.valueOf(padding)));
    }

    @Test
    void showsATokenWithoutItsSignature() {
        String token = token("x");
        span.issued(token);
        String shown = (String) recorded.attributes.get("aauth.token.issued");
        assertEquals("{\"kind\":\"auth+jwt\",\"id\":\"token-1\",\"header\":{\"alg\":\"EdDSA\",\"typ\":\"auth+jwt\"},"
                + "\"claims\":{\"jti\":\"token-1\",\"padding\":\"x\"}}", shown);
        assertFalse(shown.contains(token.split("\\.")[2]));
    }

    @Test
    void showsNoTokenInsideAToken() {
        String inner = token("x");
        span.issued(token("a\n" + inner));
        String shown = (String) recorded.attributes.get("aauth.token.issued");
        assertFalse(shown.contains(inner.split("\\.")[1]));
        assertTrue(shown.contains(inner.substring(0, 12) + "…"));
    }

    @Test
    void showsNoMoreThanFits() {
        span.issued(token("y".repeat(9_000)));
        assertEquals("{\"kind\":\"auth+jwt\",\"id\":\"token-1\"}", recorded.attributes.get("aauth.token.issued"));
        span.upstream("no token");
        assertTrue(recorded.attributes.get("aauth.upstream_token").toString().matches("\\{\"kind\":\"opaque\",\"id\":\"[0-9a-f]{8}\"}"));
        span.requestType("z".repeat(100));
        assertEquals("z".repeat(40), recorded.attributes.get("aauth.request_type"));
    }

    @Test
    void aRefusalKeepsTheCodeOfTheCheckThatFailed() {
        span.refused(new AAuthException(ErrorCode.NONCE_REPLAYED, "used"), new VerificationRecorder());
        span.refused(new OAuthException(401, "invalid_signature", "used"));
        assertEquals("nonce_replayed", recorded.attributes.get("aauth.error.code"));
        span.refused(OAuthException.accessDenied("no"));
        assertEquals("access_denied", recorded.attributes.get("aauth.error.code"));
        assertEquals("ERROR: no", recorded.status);
    }

    @Test
    void cutsSecretsInASignatureBase() {
        assertEquals("\"@query\": ?code=…&state=abcdefghijkl…&x=1\n\"cookie\": …\n"
                        + "\"signature-key\": sig1=(scheme=jwt jwt=\"eyJhbGciOiJF…\")",
                Cut.base("\"@query\": ?code=1234&state=abcdefghijklmnopqrstuvw&x=1\n\"cookie\": session=1\n"
                        + "\"signature-key\": sig1=(scheme=jwt jwt=\"eyJhbGciOiJFZERTQSJ9.e30.AAAA\")"));
    }

    @Test
    void writesNothingWhereThereIsNoSpan() {
        recorded.recording = false;
        span.issued(token("x"));
        span.upstream(token("x"));
        span.refused(new AAuthException(ErrorCode.NONCE_REPLAYED, "used"), new VerificationRecorder());
        assertTrue(recorded.attributes.isEmpty());
        new RequestSpan(Span.getInvalid()).issued(token("x"));
    }
}
