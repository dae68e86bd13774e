package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.Refusal;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UrlGuardTest {

    @ParameterizedTest
    @ValueSource(strings = {"https://agent.example/jwks.json", "https://agent.example:8443/a?b=c", "https://a_b.example/",
        "https://8.8.8.8/"})
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

    /** Before anything is connected to, whatever the connection is made through. */
    @ParameterizedTest
    @ValueSource(strings = {"https://10.0.0.1/", "https://100.64.0.1/", "https://169.254.169.254/latest", "https://172.16.0.1/",
        "https://192.168.1.1/", "https://0.0.0.0/", "https://[fd00::1]/", "https://[2001:4860:4860::8888]/",
        "https://[::ffff:127.0.0.1]/", "https://2130706433/", "https://0x7f.1/", "https://127.1/"})
    void refusesPrivateAndUnusualAddressesAlways(String url) {
        Refusal.expect(ErrorCode.DISCOVERY_BLOCKED, () -> UrlGuard.guard(url, true));
        Refusal.expect(ErrorCode.DISCOVERY_BLOCKED, () -> UrlGuard.guard(url, false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://agent.example/", "http://localhost.example/", "http://127.0.0.1.example/", "file:///etc/passwd",
        "ftp://agent.example/", "https://user:pass@agent.example/", "https://@agent.example/", "/relative", "agent.example", "https:///a",
        "https://agent.example/a b", "mailto:a@agent.example", "jar:https://agent.example!/", "", "https://user@a_b.example/",
        "//agent.example/", "https://agent.example:99999/"})
    void refusesTheRestAlways(String url) {
        Refusal.expect(ErrorCode.DISCOVERY_BLOCKED, () -> UrlGuard.guard(url, true));
        Refusal.expect(ErrorCode.DISCOVERY_BLOCKED, () -> UrlGuard.guard(url, false));
    }
}
