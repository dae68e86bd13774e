package demo.aauth.keycloak.realm;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.keycloak.Config;

import java.lang.reflect.Proxy;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

class AAuthSettingsTest {

    private static AAuthSettings read(Map<String, Object> options) {
        return AAuthSettings.read((Config.Scope) Proxy.newProxyInstance(AAuthSettingsTest.class.getClassLoader(),
                new Class<?>[] {Config.Scope.class},
                (proxy, method, arguments) -> options.getOrDefault((String) arguments[0], arguments[1])));
    }

    @Test
    void isClosedWhereNothingIsSaid() {
        assertEquals(new AAuthSettings(false, 600, false), read(Map.of()));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3_600})
    void takesALifespanUpToAnHour(int seconds) {
        assertEquals(seconds, read(Map.of("consent-lifespan", seconds)).consentLifespanSeconds());
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 3_601})
    void doesNotStartWithAnother(int seconds) {
        assertThrows(IllegalArgumentException.class, () -> read(Map.of("consent-lifespan", seconds)));
    }
}
