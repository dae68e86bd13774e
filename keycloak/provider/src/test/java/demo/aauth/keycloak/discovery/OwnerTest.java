package demo.aauth.keycloak.discovery;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** A9: the same owners as {@code ownerOf} of the TypeScript library has. */
class OwnerTest {

    @ParameterizedTest
    @CsvSource({
        "https://agent.example.com:8443/a/b, example.com",
        "https://x1.wild.example.com, example.com",
        "https://x2.wild.example.com, example.com",
        "https://example.com., example.com",
        "https://a.b.example.co.uk, example.co.uk",
        "https://one.github.io, one.github.io",
        "https://deep.one.github.io, one.github.io",
        "https://github.io, github.io",
        "http://backend.localhost:8000, backend.localhost",
        "http://a.backend.localhost:8000, backend.localhost",
        "http://localhost:9999, localhost",
        "http://127.0.0.1:9999/x, 127.0.0.1",
        "http://[::1], [::1]",
        "not a url, ''",
        // No names by the rules of DNS, yet they resolve.
        "https://-a.b_c.example.com, example.com",
        "https://a.b_c.localhost, b_c.localhost",
        "https://a.1x, a.1x",
    })
    void isTheRegistrableDomain(String id, String owner) {
        assertEquals(owner, Owner.of(id));
    }
}
