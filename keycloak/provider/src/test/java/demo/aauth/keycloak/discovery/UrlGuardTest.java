package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.Refusal;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UrlGuardTest {

    @ParameterizedTest
    @ValueSource(strings = {"https://agent.example/jwks.json", "https://agent.example:8443/a?b=c"})
    void takesHttpsAnywhere(String url) {
        UrlGuard.guard(url, false);
        UrlGuard.guard(url, true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://localhost:1/a", "http://agent.localhost/a", "http://127.0.0.1/", "http://127.9.9.9/",
        "http://[::1]/", "https://localhost/"})
    void takesThisMachineInDevelopmentOnly(String url) {
        UrlGuard.guard(url, true);
        Refusal.expect(ErrorCode.DISCOVERY_BLOCKED, () -> UrlGuard.guard(url, false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://agent.example/", "http://localhost.example/", "http://127.0.0.1.example/", "file:///etc/passwd",
        "ftp://agent.example/", "https://user:pass@agent.example/", "https://@agent.example/", "/relative", "agent.example", "https:///a",
        "https://agent.example/a b", "mailto:a@agent.example", "jar:https://agent.example!/", ""})
    void refusesTheRestAlways(String url) {
        Refusal.expect(ErrorCode.DISCOVERY_BLOCKED, () -> UrlGuard.guard(url, true));
        Refusal.expect(ErrorCode.DISCOVERY_BLOCKED, () -> UrlGuard.guard(url, false));
    }
}
