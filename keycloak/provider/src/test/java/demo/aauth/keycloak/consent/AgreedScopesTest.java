package demo.aauth.keycloak.consent;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.stream.IntStream;

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

    @Test
    void ofMoreTextThanThereIsRoomForTheOldestIsForgotten() {
        String note = agreed().toNote(NOW);
        for (int index = 0; index < 50; index++) {
            note = AgreedScopes.read(note).with(List.of(longest(index)), NOW + 10).toNote(NOW);
        }
        assertTrue(note.length() < AgreedScopes.MAX_CHARACTERS + 100);
        for (int index = 46; index < 50; index++) {
            assertTrue(AgreedScopes.read(note).covers(List.of(longest(index)), NOW));
        }
        assertFalse(AgreedScopes.read(note).covers(List.of(longest(45)), NOW));
        assertFalse(AgreedScopes.read(note).covers(List.of("read"), NOW));
    }

    @Test
    void ofMoreScopesThanThereIsRoomForTheOldestAreForgotten() {
        List<String> many = IntStream.range(0, AgreedScopes.MAX_SCOPES).mapToObj(Integer::toString).toList();
        String note = agreed().with(many, NOW + 10).toNote(NOW);
        assertTrue(AgreedScopes.read(note).covers(many, NOW));
        assertFalse(AgreedScopes.read(note).covers(List.of("read"), NOW));
        String next = AgreedScopes.read(note).with(List.of("new", "0"), NOW + 20).toNote(NOW);
        assertTrue(AgreedScopes.read(next).covers(List.of("new", "0", "2"), NOW));
        assertFalse(AgreedScopes.read(next).covers(List.of("1"), NOW));
    }

    private static String longest(int index) {
        return index + ":" + "x".repeat(KeptText.MAX_LENGTH - 3);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "read", ":read", "never:read", "-1:read", "1010:", "99999999999999999999:read"})
    void whatIsNoSuchTextIsNoConsent(String note) {
        assertFalse(AgreedScopes.read(note).covers(List.of("read"), NOW));
    }
}
