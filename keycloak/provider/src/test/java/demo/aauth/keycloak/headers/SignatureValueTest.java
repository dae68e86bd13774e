package demo.aauth.keycloak.headers;

import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Base64;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

class SignatureValueTest {

    private static final byte[] BYTES = new byte[64];

    static {
        for (int index = 0; index < BYTES.length; index++) {
            BYTES[index] = (byte) (index * 7 + 250);
        }
    }

    /** Profile 2.3: peers disagree on base64, so all four spellings are taken. */
    @Test
    void takesAllFourSpellings() {
        for (Base64.Encoder encoder : new Base64.Encoder[] {Base64.getEncoder(), Base64.getUrlEncoder(),
            Base64.getEncoder().withoutPadding(), Base64.getUrlEncoder().withoutPadding()}) {
            SignatureValue value = SignatureValue.parse(" sig=:" + encoder.encodeToString(BYTES) + ":\t");
            assertEquals("sig", value.label());
            assertArrayEquals(BYTES, value.bytes());
        }
    }

    @Test
    void refusesAnOversizeHeaderBeforeItParsesIt() {
        Refusal.expect(ErrorCode.HEADER_TOO_LARGE, () -> SignatureValue.parse("sig=:" + "A".repeat(16_384) + ":"));
    }

    @Test
    void refusesStrayBits() {
        String text = Base64.getUrlEncoder().withoutPadding().encodeToString(new byte[64]);
        String stray = text.substring(0, text.length() - 1) + "B";
        Refusal.expect(ErrorCode.MALFORMED_SIGNATURE, () -> SignatureValue.parse("sig=:" + stray + ":"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "sig=", "sig=::", "sig=:AAAA:", "sig=\"AAAA\"", "Sig=:AAAA:", "sig=:AA AA:", "sig=:AAAA:;a=1"})
    void refusesWhatIsNotOneMemberOf64Bytes(String value) {
        Refusal.expect(ErrorCode.MALFORMED_SIGNATURE, () -> SignatureValue.parse(value));
    }

    @Test
    void refusesASecondMemberAndAMixtureOfAlphabets() {
        String good = "sig1=:" + "A".repeat(86) + ":";
        Refusal.expect(ErrorCode.MALFORMED_SIGNATURE, () -> SignatureValue.parse(good + ", evil=:" + "A".repeat(86) + ":"));
        Refusal.expect(ErrorCode.MALFORMED_SIGNATURE, () -> SignatureValue.parse("sig1=:" + "A".repeat(84) + "-+:"));
    }
}
