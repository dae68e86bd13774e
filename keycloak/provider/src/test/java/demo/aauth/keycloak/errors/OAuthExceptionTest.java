package demo.aauth.keycloak.errors;

import org.junit.jupiter.api.Test;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

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

    @Test
    void writesTheCodeOfItsCauseAsData() {
        AAuthException stale = new AAuthException(ErrorCode.CREATED_OUT_OF_WINDOW, "stale");
        assertEquals("code=created_out_of_window, section=\"profile 2.4\"", OAuthException.unproven(stale).refusal());
        assertEquals("code=created_out_of_window, check=created, section=\"profile 2.4\"",
                OAuthException.unproven(stale).at("created").refusal());
        assertNull(OAuthException.accessDenied("no").refusal());
    }

    /**
     * If the answer distinguished a forbidden network, a closed port and a responding host, this
     * server would be a scanner of its own network.
     */
    @Test
    void tellsNoOneHowAFetchFailed() {
        for (ErrorCode code : List.of(ErrorCode.DISCOVERY_BLOCKED, ErrorCode.METADATA_MISMATCH, ErrorCode.DISCOVERY_FAILED)) {
            OAuthException refusal = OAuthException.invalidGrant("no", new AAuthException(code, "why"));
            assertEquals("code=discovery_failed, section=\"profile 5.2\"", refusal.refusal());
        }
    }
}
