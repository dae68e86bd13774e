package demo.aauth.keycloak.realm;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.URI;
import java.util.Optional;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Hole J6: where nothing is configured, the request's Host decides what Keycloak calls itself. */
class ServedAuthorityTest {

    @ParameterizedTest
    @ValueSource(strings = {"https://evil.example/", "http://localhost.evil.example/", "http://10.0.0.1/",
        "http://127.0.0.1.evil.example/"})
    void aNameThatTheRequestHasChosenIsNotServed(String chosen) {
        assertEquals(Optional.empty(), ServedAuthority.of(URI.create(chosen), false, false));
        assertEquals(Optional.empty(), ServedAuthority.of(URI.create(chosen), false, true));
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://localhost:8080/", "http://auth.localhost:8080/", "http://127.0.0.1:8080/", "http://[::1]:8080/"})
    void namesOfThisMachineAreServedInDevelopment(String local) {
        assertEquals(Optional.empty(), ServedAuthority.of(URI.create(local), false, false));
        assertEquals(Optional.of(local.substring(7, local.length() - 1)), ServedAuthority.of(URI.create(local), false, true));
    }

    @Test
    void aConfiguredNameIsServedInOneSpelling() {
        assertEquals(Optional.of("auth.example"), ServedAuthority.of(URI.create("https://Auth.Example:443/x"), true, false));
        assertEquals(Optional.of("auth.example:8443"), ServedAuthority.of(URI.create("https://auth.example:8443"), true, false));
    }

    /** For java.net.URI it has no host; that must not end every request with a failure. */
    @Test
    void aNameWithAnUnderscoreIsAName() {
        assertEquals(Optional.of("key_cloak:8080"), ServedAuthority.of(URI.create("http://key_cloak:8080/"), true, false));
        assertEquals(Optional.empty(), ServedAuthority.of(URI.create("http://key_cloak:8080/"), false, true));
    }
}
