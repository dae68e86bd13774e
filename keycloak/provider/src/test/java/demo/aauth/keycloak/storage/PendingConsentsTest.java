package demo.aauth.keycloak.storage;

import demo.aauth.keycloak.encoding.Hashes;
import demo.aauth.keycloak.errors.OAuthException;
import org.junit.jupiter.api.Test;
import org.keycloak.models.SingleUseObjectProvider;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** A9: what an owner can have Keycloak's store keep, and that it takes nothing from others. */
class PendingConsentsTest {

    private final Map<Object, Object> stored = new HashMap<>();
    private final SingleUseObjectProvider store = (SingleUseObjectProvider) Proxy.newProxyInstance(
            PendingConsentsTest.class.getClassLoader(), new Class<?>[] {SingleUseObjectProvider.class}, (proxy, method, arguments) ->
                    switch (method.getName()) {
                        case "put" -> stored.put(arguments[0], arguments[2]);
                        case "putIfAbsent" -> stored.putIfAbsent(arguments[0], Map.of()) == null;
                        case "get" -> stored.get(arguments[0]);
                        case "remove" -> stored.remove(arguments[0]);
                        default -> throw new UnsupportedOperationException(method.getName());
                    });
    private final PendingConsents pending = new PendingConsents(store, "request");

    private static ConsentRequest of(String agent) {
        return new ConsentRequest(agent, null, "jkt", "https://resource.example", "read", agent + "/cb", "s");
    }

    /** Issues requests until an owner is refused, each for another host. */
    private List<String> fill() {
        List<String> tokens = new ArrayList<>();
        OAuthException refusal = assertThrows(OAuthException.class, () -> {
            while (tokens.size() <= PendingConsents.OF_ONE_OWNER) {
                tokens.add(pending.issue(of("https://host" + tokens.size() + ".wild.example"), 600));
            }
        });
        assertEquals(503, refusal.status());
        assertEquals("temporarily_unavailable", refusal.error());
        return tokens;
    }

    @Test
    void anOwnerHasAQuotaHoweverManyHostsItHas() {
        int honest = 5;
        String first = pending.issue(of("https://agent.example"), 600);
        List<String> tokens = fill();
        assertTrue(tokens.size() > PendingConsents.OF_ONE_OWNER / 2, tokens.size() + " found a place");
        for (int index = 0; index < honest; index++) {
            pending.issue(of("https://agent.example"), 600);
        }
        assertTrue(pending.find(first).isPresent());
        assertTrue(tokens.stream().allMatch(token -> pending.find(token).isPresent()));
    }

    @Test
    void whatIsDecidedLeavesItsPlace() {
        fill().forEach(token -> assertTrue(pending.takeHashed(Hashes.sha256Url(token)).isPresent()));
        assertEquals(Map.of(), stored);
    }
}
