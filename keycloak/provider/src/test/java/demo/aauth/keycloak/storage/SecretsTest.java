package demo.aauth.keycloak.storage;

import demo.aauth.keycloak.encoding.Hashes;
import org.junit.jupiter.api.Test;
import org.keycloak.models.SingleUseObjectProvider;

import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class SecretsTest {

    private static final ConsentRequest WISH =
            new ConsentRequest("https://agent.example", null, "jkt", "https://resource.example", "read", "https://agent.example/cb", "s");

    private final Map<String, Map<String, String>> stored = new HashMap<>();
    private final SingleUseObjectProvider store = (SingleUseObjectProvider) Proxy.newProxyInstance(
            SecretsTest.class.getClassLoader(), new Class<?>[] {SingleUseObjectProvider.class}, (proxy, method, arguments) ->
                    switch (method.getName()) {
                        case "put" -> stored.put((String) arguments[0], Map.copyOf(castNotes(arguments[2])));
                        case "get" -> stored.get(arguments[0]);
                        case "remove" -> stored.remove(arguments[0]);
                        default -> throw new UnsupportedOperationException(method.getName());
                    });
    private final Secrets<ConsentRequest> wishes = new Secrets<>(store, "request", ConsentRequest::toNotes, ConsentRequest::of);
    private final Secrets<ShownConsent> pages = new Secrets<>(store, "consent", ShownConsent::toNotes, ShownConsent::of);

    @SuppressWarnings("unchecked")
    private static Map<String, String> castNotes(Object notes) {
        return (Map<String, String>) notes;
    }

    @Test
    void aSecretIsGoodOnceAndForItsKindOnly() {
        String secret = wishes.issue(WISH, 60);
        assertEquals(Optional.empty(), pages.find(secret));
        assertEquals(Optional.of(WISH), wishes.find(secret));
        assertEquals(Optional.of(WISH), wishes.take(secret));
        assertEquals(Optional.empty(), wishes.take(secret));
    }

    /** 256 random bits each. */
    @Test
    void noSecretCanBeGuessedFromAnother() {
        Set<String> secrets = Stream.generate(() -> wishes.issue(WISH, 60)).limit(100).collect(Collectors.toSet());
        assertEquals(100, secrets.size());
        assertEquals(100, stored.size());
        assertTrue(secrets.stream().allMatch(secret -> secret.length() == 43));
        // Not one byte is the same in all of them.
        for (int index = 0; index < 43; index++) {
            int position = index;
            assertTrue(secrets.stream().map(secret -> secret.charAt(position)).distinct().count() > 1);
        }
    }

    @Test
    void whoeverReadsTheStoreHasNothingToPresent() {
        String requestToken = wishes.issue(WISH, 60);
        String consentCode = pages.issue(new ShownConsent(Hashes.sha256Url(requestToken), "session", "user", null), 60);
        String everything = stored.toString();
        assertFalse(everything.contains(requestToken));
        assertFalse(everything.contains(consentCode));
        // A stored hash is not accepted as the secret.
        String hash = pages.take(consentCode).orElseThrow().requestTokenHash();
        assertEquals(Optional.empty(), wishes.take(hash));
        assertTrue(wishes.takeHashed(hash).isPresent());
        assertFalse(wishes.takeHashed(hash).isPresent());
    }
}
