package demo.aauth.keycloak.errors;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;

class OAuthExceptionTest {

    /** Hole J14: nothing that a caller sends breaks out of the answer (RFC 6749 section 5.2). */
    @Test
    void describesInPrintableAsciiWithoutQuotes() {
        assertEquals("duplicated parameter: 'x'?'?", OAuthException.invalidRequest("duplicated parameter: \"x\"\n\\é").getMessage());
    }

    @Test
    void repeatsNothingLong() {
        assertEquals("a".repeat(100) + "...", OAuthException.quoted("a".repeat(101)));
    }

    @Test
    void knowsTheCheckThatFailed() {
        OAuthException refusal = OAuthException.unproven(new AAuthException(ErrorCode.NONCE_REPLAYED, "used"));
        assertEquals("invalid_signature", refusal.error());
        assertEquals("nonce_replayed", refusal.reasonCode());
        assertEquals("access_denied", OAuthException.accessDenied("no").reasonCode());
    }
}
