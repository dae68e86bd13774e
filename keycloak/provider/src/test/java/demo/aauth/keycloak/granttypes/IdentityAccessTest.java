package demo.aauth.keycloak.granttypes;

import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.policy.Policy;
import demo.aauth.keycloak.policy.PolicyReader;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

class IdentityAccessTest {

    private static final Policy POLICY = PolicyReader.read(Map.of("aauth.self.agents", "[\"https://listed.example\"]"));

    private static void require(String agent, String resource, String... scopes) {
        IdentityAccess.require(POLICY, agent, resource, List.of(scopes));
    }

    @Test
    void allowsAListedAgentOrResource() {
        assertDoesNotThrow(() -> require("https://listed.example", "https://other.example", "openid"));
        assertDoesNotThrow(() -> require("https://other.example", "https://listed.example", "openid"));
        assertDoesNotThrow(() -> require("https://other.example", "https://other.example", "read"));
    }

    @Test
    void refusesTwoNamesOfAnUnlistedParty() {
        OAuthException refusal = assertThrows(OAuthException.class,
                () -> require("https://evil.example/a", "https://evil.example/b", "read", "email"));
        assertEquals("403 access_denied Agent is not allowed to ask who its users are",
                refusal.status() + " " + refusal.error() + " " + refusal.getMessage());
    }
}
