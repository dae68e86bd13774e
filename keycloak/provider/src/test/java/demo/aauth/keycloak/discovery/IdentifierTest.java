package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.encoding.HttpUrl;
import demo.aauth.keycloak.support.SmallStack;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class IdentifierTest {

    @ParameterizedTest
    @ValueSource(strings = {
        "https://agent.example", "http://backend.localhost:8000", "https://agent.example/path/to", "https://127.0.0.1:8443",
        "http://[::1]:9000", "https://a_b.example", "https://agent.example/a%20b", "https://8.8.8.8.example", "https://1x.example.x1",
        "https://agent.1x", "https://supply_chain:8443",
    })
    void takesTheOneSpelling(String id) {
        assertTrue(Identifier.isCanonical(id));
        // Identifiers and fetched URLs follow one rule, which includes the underscore.
        assertEquals(id.replaceFirst("(https?://[^/]+).*", "$1"), HttpUrl.parse(id).orElseThrow().origin());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "agent.example", "ftp://agent.example", "https://agent.example/", "https://agent.example/a/", "https://Agent.example",
        "HTTPS://agent.example", "https://agent.example:443", "http://agent.example:80", "https://agent.example:0443",
        "https://agent.example:99999", "https://user@agent.example", "https://agent.example?x", "https://agent.example#x",
        "https://agent.example/a/../b", "https://agent.example/./b", "https://agent.example/%2E%2e/b", "https://agent.example/..",
        "https://2130706433", "https://0x7f.1", "https://127.1", "https://0x7f000001", "https://127.0.0.01", "https://256.0.0.1",
        "https://agent.example\\@evil", "https://agent.example /", "https://agent..example", "https://", "https://é.example",
        "https://[::ffff:127.0.0.1]", "https://a_b.1",
    })
    void refusesEveryOther(String id) {
        assertFalse(Identifier.isCanonical(id));
    }

    /**
     * Any caller may send an identifier, so no text may overflow a thread's stack, even if most of
     * it is used.
     */
    @ParameterizedTest
    @ValueSource(strings = {"/a", ".a", "/", ":", "@", "%2e"})
    void isBounded(String part) throws InterruptedException {
        String path = "https://agent.example/" + "a".repeat(HttpUrl.MAX_LENGTH);
        assertTrue(Identifier.isCanonical(path.substring(0, HttpUrl.MAX_LENGTH)));
        assertTrue(HttpUrl.parse(path.substring(0, HttpUrl.MAX_LENGTH)).isPresent());
        assertFalse(Identifier.isCanonical(path.substring(0, HttpUrl.MAX_LENGTH + 1)));
        assertFalse(HttpUrl.parse(path.substring(0, HttpUrl.MAX_LENGTH + 1)).isPresent());
        String deep = ("https://a" + part.repeat(HttpUrl.MAX_LENGTH)).substring(0, HttpUrl.MAX_LENGTH);
        SmallStack.run(() -> {
            Identifier.isCanonical(deep);
            HttpUrl.parse(deep);
        });
    }
}
