package demo.aauth.keycloak.policy;

import demo.aauth.keycloak.encoding.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class PolicyReaderTest {

    @Test
    void hasTheDefaultsOfTheProtocol() {
        assertEquals(new Policy(true, List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(),
                List.of("openid", "profile", "email"), List.of("user.", "profile.", "email."), null, true, 10, 300, 1_800),
                PolicyReader.read(Map.of("other", "left alone")));
    }

    @Test
    void anExplicitEmptyListAsksForNoConsent() {
        Policy policy = PolicyReader.read(
                Map.of("aauth.consent.required.scopes", "[]", "aauth.consent.required.scope.prefixes", "[]"));
        assertFalse(policy.needsConsent(List.of("openid", "user.name")));
    }

    @Test
    void readsSwitchesAndNumbersUpToTheirBounds() {
        Policy policy = PolicyReader.read(Map.of("aauth.enabled", "false", "aauth.exchange.enabled", "false",
                "aauth.exchange.max.depth", "20", "aauth.token.lifespan", "86400", "aauth.refresh.lifespan", "31536000"));
        assertFalse(policy.enabled());
        assertFalse(policy.exchangeEnabled());
        assertEquals(List.of(20, 86_400, 31_536_000),
                List.of(policy.exchangeMaxDepth(), policy.authTokenLifespanSeconds(), policy.refreshTokenLifespanSeconds()));
        assertTrue(PolicyReader.read(Map.of("aauth.enabled", "true")).enabled());
    }

    @Test
    void decides() {
        Policy policy = PolicyReader.read(Map.of("aauth.allowed.agents", "[\"https://a.example\",\"https://b.example\"]",
                "aauth.blocked.agents", "[\"https://b.example\"]", "aauth.allowed.scopes", "[\"read\",\"openid\"]"));
        assertTrue(policy.allowsAgent("https://a.example"));
        assertFalse(policy.allowsAgent("https://b.example"));
        assertFalse(policy.allowsAgent("https://c.example"));
        assertTrue(policy.allowsScopes(List.of("read")));
        assertFalse(policy.allowsScopes(List.of("read", "write")));
        assertTrue(policy.needsConsent(List.of("read", "openid")));
        assertTrue(policy.needsConsent(List.of("user.name")));
        assertFalse(policy.needsConsent(List.of("read", "open", "username")));
    }

    @Test
    void anEmptyListLetsEverybodyAskForEverythingButForWhomIsBlocked() {
        Policy policy = PolicyReader.read(Map.of("aauth.blocked.agents", "[\"https://b.example\"]"));
        assertTrue(policy.allowsAgent("https://a.example"));
        assertFalse(policy.allowsAgent("https://b.example"));
        assertTrue(policy.allowsScopes(List.of("read", "write")));
    }

    /**
     * Either the agent or the resource must be listed. A listed name does not match longer names,
     * and the default list is empty.
     */
    @Test
    void disclosesUsersOnlyToListedParties() {
        Policy policy = PolicyReader.read(Map.of("aauth.self.agents", "[\"https://a.example\"]"));
        for (String scope : List.of("openid", "profile", "email")) {
            List<String> scopes = List.of("read", scope);
            assertTrue(policy.allowsIdentity("https://a.example", "https://a.example", scopes));
            assertTrue(policy.allowsIdentity("https://a.example", "https://b.example", scopes));
            assertTrue(policy.allowsIdentity("https://b.example", "https://a.example", scopes));
            assertFalse(policy.allowsIdentity("https://b.example", "https://c.example", scopes));
            assertFalse(policy.allowsIdentity("https://a.example/", "https://a.example/x", scopes));
            assertFalse(PolicyReader.read(Map.of()).allowsIdentity("https://a.example", "https://a.example", scopes));
        }
        assertTrue(policy.allowsIdentity("https://b.example", "https://c.example", List.of("read", "user.name")));
    }

    /** Hole J16: a malformed allow list must not read as an empty one, which means "everyone". */
    @ParameterizedTest
    @ValueSource(strings = {
        "", "https://a.example", "[", "[\"a\",]", "{}", "null", "\"a\"", "[1]", "[\"\"]", "[null]", "[[\"a\"]]",
    })
    void refusesWhatIsNoListOfStrings(String value) {
        for (String name : List.of("aauth.allowed.agents", "aauth.blocked.agents", "aauth.self.agents", "aauth.exchange.agents",
                "aauth.published.peers", "aauth.allowed.scopes", "aauth.trusted.issuers", "aauth.consent.required.scopes",
                "aauth.consent.required.scope.prefixes", "aauth.consent.form.origins")) {
            PolicyException problem = assertThrows(PolicyException.class, () -> PolicyReader.read(Map.of(name, value)));
            assertTrue(problem.getMessage().contains(name));
        }
    }

    @ParameterizedTest
    @CsvSource({"aauth.enabled,yes", "aauth.enabled,TRUE", "aauth.exchange.enabled,1", "aauth.exchange.max.depth,0",
        "aauth.exchange.max.depth,21", "aauth.exchange.max.depth,1.5", "aauth.token.lifespan,-1", "aauth.token.lifespan,86401",
        "aauth.refresh.lifespan,31536001", "aauth.allowed.agent,[]"})
    void refusesOtherMalformedAndUnknownAttributes(String name, String value) {
        PolicyException problem = assertThrows(PolicyException.class, () -> PolicyReader.read(Map.of(name, value)));
        assertTrue(problem.getMessage().contains(name));
    }

    /** They end up in a header. */
    @ParameterizedTest
    @ValueSource(strings = {"*", "app.example", "https://app.example/", "https://app.example/x", "https://app.example; script-src *",
        "https://app.example:443", "https://user@app.example"})
    void refusesWhatIsNoOrigin(String origin) {
        assertEquals(List.of("https://app.example", "http://localhost:3050"), PolicyReader.read(
                Map.of("aauth.consent.form.origins", "[\"https://app.example\",\"http://localhost:3050\"]")).consentFormOrigins());
        assertThrows(PolicyException.class,
                () -> PolicyReader.read(Map.of("aauth.consent.form.origins", "[\"" + origin + "\"]")));
    }

    /** Compared as strings. */
    @ParameterizedTest
    @ValueSource(strings = {"*", "agent.example", "https://agent.example/", "HTTPS://agent.example", "https://agent.example:443"})
    void refusesWhatIsNoIdentifier(String peer) {
        assertEquals(List.of("https://agent.example", "http://agent.localhost:8000"), PolicyReader.read(
                Map.of("aauth.published.peers", "[\"https://agent.example\",\"http://agent.localhost:8000\"]")).publishedPeers());
        assertThrows(PolicyException.class,
                () -> PolicyReader.read(Map.of("aauth.published.peers", "[\"https://agent.example\",\"" + peer + "\"]")));
    }

    @Test
    void namesEveryProblem() {
        PolicyException problem = assertThrows(PolicyException.class,
                () -> PolicyReader.read(Map.of("aauth.enabled", "x", "aauth.unknown", "y")));
        assertEquals("invalid realm attributes: aauth.enabled: expected true or false; aauth.unknown: unknown attribute",
                problem.getMessage());
    }

    @Test
    void readsTheDemosRealmFile() throws Exception {
        var file = Json.parse(Files.readAllBytes(Path.of("../realm/aauth-test-realm.json")));
        Map<String, String> attributes = new HashMap<>();
        file.get("attributes").properties().forEach(entry -> attributes.put(entry.getKey(), entry.getValue().textValue()));
        Policy policy = PolicyReader.read(attributes);
        assertTrue(policy.enabled());
        assertEquals(List.of("http://supply-chain-agent.localhost:3000"), policy.exchangeAgents());
    }
}
