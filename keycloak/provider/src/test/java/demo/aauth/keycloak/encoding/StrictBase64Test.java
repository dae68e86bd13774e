package demo.aauth.keycloak.encoding;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

class StrictBase64Test {

    private static final byte[] BYTES = {(byte) 0xfb, (byte) 0xff, 0x01, 0x02};

    @Test
    void decodesEachAlphabetInItsOwnSpelling() {
        assertArrayEquals(BYTES, StrictBase64.decodeUrl("-_8BAg"));
        assertArrayEquals(BYTES, StrictBase64.decode("+/8BAg=="));
        for (String text : new String[] {"-_8BAg", "-_8BAg==", "+/8BAg", "+/8BAg=="}) {
            assertArrayEquals(BYTES, StrictBase64.decodeAny(text));
        }
        assertArrayEquals(new byte[0], StrictBase64.decodeUrl(""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-_8BAg==", "+/8BAg", "-_8BAh", "-_8BA", "-_8B Ag", "-_8BAg=", "-_8BAg\n", "é"})
    void refusesOtherSpellingsOfBase64url(String text) {
        assertNull(StrictBase64.decodeUrl(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-/8BAg", "+_8BAg==", "+/8BAg=", "+/8BAh==", "+/8BAg===", "+/8B\nAg=="})
    void refusesMixturesAndStrayBits(String text) {
        assertNull(StrictBase64.decodeAny(text));
    }
}
