package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.errors.OAuthException;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

class KeptTextTest {

    @Test
    void isBounded() {
        KeptText.requireBounded("state", null);
        KeptText.requireBounded("state", "x".repeat(2_048));
        OAuthException refusal = assertThrows(OAuthException.class, () -> KeptText.requireBounded("state", "x".repeat(2_049)));
        assertEquals("invalid_request", refusal.error());
    }
}
