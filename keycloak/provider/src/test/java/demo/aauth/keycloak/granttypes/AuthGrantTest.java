package demo.aauth.keycloak.granttypes;

import demo.aauth.keycloak.encoding.FormParameters;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.policy.PolicyReader;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

class AuthGrantTest {

    @ParameterizedTest
    @ValueSource(strings = {" a", "a  b", "a\u202eb"})
    void refusesScopesThatAreNone(String scope) {
        String form = "request_type=auth&scope=" + URLEncoder.encode(scope, StandardCharsets.UTF_8);
        TokenRequest request =
                new TokenRequest(FormParameters.parse(form.getBytes(StandardCharsets.UTF_8)), null, PolicyReader.read(Map.of()));
        // Before anything is done with it: there is nothing here to do it with.
        OAuthException refusal = assertThrows(OAuthException.class, () -> AuthGrant.handle(request, null));
        assertEquals("400 invalid_scope", refusal.status() + " " + refusal.error());
    }
}
