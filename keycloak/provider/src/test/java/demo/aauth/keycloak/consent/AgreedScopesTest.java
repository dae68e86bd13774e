package demo.aauth.keycloak.consent;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class AgreedScopesTest {

    private static final long NOW = 1_000;

    private static AgreedScopes agreed() {
        return AgreedScopes.read(null).with(List.of("read", "supply-chain:optimize"), NOW + 10);
    }

    @Test
    void remembersEachScopeUntilItsTime() {
        AgreedScopes agreed = agreed().with(List.of("write"), NOW + 20);
        assertTrue(agreed.covers(List.of("read", "write"), NOW + 9));
        assertFalse(agreed.covers(List.of("read", "write"), NOW + 10));
        assertTrue(agreed.covers(List.of("write"), NOW + 19));
        assertFalse(agreed.covers(List.of("write"), NOW + 20));
        assertFalse(agreed.covers(List.of("other"), NOW));
    }

    @Test
    void isATextThatHasNoMoreThanItNeeds() {
        String note = agreed().with(List.of("write"), NOW + 20).toNote(NOW);
        assertEquals("1010:read 1010:supply-chain:optimize 1020:write", note);
        assertTrue(AgreedScopes.read(note).covers(List.of("supply-chain:optimize"), NOW + 9));
        assertEquals("1020:write", AgreedScopes.read(note).toNote(NOW + 10));
        assertEquals("", AgreedScopes.read(note).toNote(NOW + 20));
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "read", ":read", "never:read", "-1:read", "1010:", "99999999999999999999:read"})
    void whatIsNoSuchTextIsNoConsent(String note) {
        assertFalse(AgreedScopes.read(note).covers(List.of("read"), NOW));
    }
}
