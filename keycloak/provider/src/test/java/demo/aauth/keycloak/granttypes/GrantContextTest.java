package demo.aauth.keycloak.granttypes;

import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.policy.Policy;
import demo.aauth.keycloak.policy.PolicyReader;
import demo.aauth.keycloak.tokens.Decision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

class GrantContextTest {

    private static final long NOW = 1_730_217_600;
    private final Policy policy = PolicyReader.read(Map.of("aauth.token.lifespan", "300"));

    private int lifespan(Long notAfter) {
        return GrantContext.lifespan(new Decision("a", null, null, "r", "s", null, null, notAfter), policy, NOW);
    }

    @ParameterizedTest
    @CsvSource({"30, 30", "1, 1", "299, 299", "300, 300", "301, 300", "99999999999, 300"})
    void aTokenEndsWithWhatItRestsOn(long left, int lifespan) {
        assertEquals(lifespan, lifespan(NOW + left));
    }

    @Test
    void whatRestsOnNothingLivesAsLongAsPolicySays() {
        assertEquals(300, lifespan(null));
    }

    @Test
    void nothingIsIssuedOnWhatHasEnded() {
        for (long left : new long[] {0, -1}) {
            assertEquals("invalid_grant", assertThrows(OAuthException.class, () -> lifespan(NOW + left)).error());
        }
    }
}
