package demo.aauth.keycloak.granttypes;

import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.policy.Policy;
import demo.aauth.keycloak.policy.PolicyReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

/** Agents that may exchange a user's token. */
class ExchangeGrantTest {

    private static final String LISTED = "https://listed.example";
    private static final Policy POLICY = PolicyReader.read(Map.of("aauth.exchange.agents", "[\"" + LISTED + "\"]",
            "aauth.consent.required.scopes", "[\"orders\"]", "aauth.consent.required.scope.prefixes", "[\"user.\"]"));

    private static void require(String subject, String agent, String... scopes) {
        ExchangeGrant.requireCarrier(subject, agent, List.of(scopes), POLICY);
    }

    private static String refusal(String subject, String agent, String... scopes) {
        OAuthException refusal = assertThrows(OAuthException.class, () -> require(subject, agent, scopes));
        return refusal.status() + " " + refusal.error() + " " + refusal.getMessage();
    }

    @Test
    void whatNeedsNoConsentIsCarriedOnByAnybodyForNobodyAndByTheListedForAUser() {
        assertDoesNotThrow(() -> require(null, "https://other.example", "read", "orders2", "username"));
        assertDoesNotThrow(() -> require("user", LISTED, "read", "orders2", "username"));
        assertEquals("403 access_denied Agent is not allowed to carry a user's authority on",
                refusal("user", "https://other.example", "read", "orders2", "username"));
    }

    /** Identity scopes need consent, whatever the lists contain. */
    @ParameterizedTest
    @ValueSource(strings = {"orders", "user.settings", "openid", "profile", "email"})
    void whatNeedsConsentIsCarriedOnForAUserByTheListed(String scope) {
        assertDoesNotThrow(() -> require("user", LISTED, "read", scope));
        assertEquals("400 invalid_grant Token exchange authorization failed: The scope needs a user of this realm",
                refusal(null, LISTED, "read", scope));
        for (String agent : List.of("https://other.example", LISTED + "/", LISTED + "/b")) {
            assertEquals("403 access_denied Agent is not allowed to carry a user's authority on", refusal("user", agent, "read", scope));
        }
    }
}
