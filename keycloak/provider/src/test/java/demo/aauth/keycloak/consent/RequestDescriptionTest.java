package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.policy.IdentityScope;
import demo.aauth.keycloak.storage.ConsentRequest;
import demo.aauth.keycloak.support.FakeWorld;
import org.junit.jupiter.api.Test;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

class RequestDescriptionTest {

    private static final ConsentRequest REQUEST = new ConsentRequest("https://agent.example", null, "jkt", "https://resource.example",
            "read openid write", "https://agent.example:8443/cb?x=1", null);

    private final FakeWorld world = new FakeWorld();

    private RequestDescription describe(String delegate, String redirectUri) {
        return RequestDescription.of(new ConsentRequest(REQUEST.agent(), delegate, REQUEST.thumbprint(), REQUEST.resource(), REQUEST.scope(),
                redirectUri, null), world.discovery());
    }

    @Test
    void showsThePartiesOwnWordsOnOneLine() {
        world.put("https://agent.example/.well-known/aauth-agent", "{\"agent\":\"https://agent.example\","
                + "\"jwks_uri\":\"https://agent.example/j\",\"name\":\" A\\n\\u202eB\\u0000 \\u2066agent\"}");
        world.put("https://resource.example/.well-known/aauth-resource", "{\"resource\":\"https://resource.example\","
                + "\"jwks_uri\":\"https://resource.example/j\",\"scope_descriptions\":{\"read\":\"" + "a".repeat(200)
                + "\",\"openid\":\"Nothing at all\"}}");

        RequestDescription description = RequestDescription.of(REQUEST, world.discovery());

        assertEquals("A B agent", description.agentName());
        assertEquals(List.of("read", "write"), description.scopes().stream().map(RequestDescription.Scope::name).toList());
        assertEquals("a".repeat(160) + "…", description.scopes().get(0).description());
        assertNull(description.scopes().get(1).description());
        assertEquals(List.of(IdentityScope.OPENID), description.identityScopes());
        assertEquals("agent.example:8443", description.returnsTo());
    }

    @Test
    void showsPartiesThatCannotBeAskedByTheirIdentifiers() {
        assertNull(RequestDescription.of(REQUEST, world.discovery()).agentName());
    }

    @Test
    void theDelegatesNameIsOneShortLineToo() {
        assertEquals("worker 7", describe("worker\u202e\n7", REQUEST.redirectUri()).agentDelegate());
        assertEquals("w".repeat(160) + "…", describe("w".repeat(6_000), REQUEST.redirectUri()).agentDelegate());
        // Whatever it is called: it is not the agent itself that asks.
        assertEquals("…", describe("\u202e\n", REQUEST.redirectUri()).agentDelegate());
        assertNull(describe(null, REQUEST.redirectUri()).agentDelegate());
    }

    @Test
    void showsTheHostThatThePersonReturnsToAndNothingThatLooksLikeOne() {
        assertEquals("evil.example", describe(null, "https://accounts.google.com@evil.example/cb").returnsTo());
        assertEquals("evil.example:8443", describe(null, "https://bank.example:443@EVIL.example:8443/cb").returnsTo());
        assertEquals("agent.example", describe(null, "https://agent.example:443/cb").returnsTo());
    }
}
