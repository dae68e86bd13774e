package demo.aauth.keycloak.headers;

import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

class SignatureInputTest {

    private static final String LIST = "(\"@method\" \"@authority\" \"@path\" \"signature-key\")";
    private static final List<String> COMPONENTS = List.of("@method", "@authority", "@path", "signature-key");

    @Test
    void readsTheCommonForm() {
        assertEquals(new SignatureInput("sig1", COMPONENTS, 1730217600L, null, null, LIST + ";created=1730217600"),
                SignatureInput.parse("sig1=" + LIST + ";created=1730217600"));
    }

    @Test
    void readsEveryOtherFormToTheSameAndKeepsTheTextAsReceived() {
        String raw = "( \"@method\"  \"@authority\" \"@path\" \"signature-key\" );  keyid=\"a;b\\\"c\";created=1730217600"
                + ";expires=1730217660;alg=\"ed25519\";tag=x;n=1.5;b=:AAAA:;f";
        assertEquals(new SignatureInput("my-sig", COMPONENTS, 1730217600L, 1730217660L, "ed25519", raw),
                SignatureInput.parse("  my-sig=" + raw + "\t"));
    }

    @Test
    void leavesCreatedOutWhenItIsNoInteger() {
        assertNull(SignatureInput.parse("sig1=" + LIST + ";created=1.0").created());
        assertNull(SignatureInput.parse("sig1=" + LIST + ";created=\"1\"").created());
        assertNull(SignatureInput.parse("sig1=" + LIST + ";created").created());
        assertNull(SignatureInput.parse("sig1=" + LIST).created());
    }

    @Test
    void takesAnEmptyListCoverageIsJudgedElsewhere() {
        assertEquals(List.of(), SignatureInput.parse("sig1=();created=1").components());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "sig1", "sig1=", "sig1=1", "sig1=\"a\"", "sig1=(", "sig1=(\"@method\"", "sig1=(\"@method)", "sig1=(@method)",
        "sig1=(\"@method\"\"@path\")", "sig1=(\"@method\",\"@path\")", "sig1=(\"@method\" \"@method\")",
        "sig1=(\"@method\";req)", "sig1=(\"Content-Type\")", "sig1=(\"@signature-params\")", "sig1=(\"a b\")", "sig1=(\"\")",
        "sig1=();created=1;created=2", "sig1=();created=1 ;a=1", "sig1=();Created=1", "sig1=();created=1x",
        "sig1=();created=1, sig2=();created=1", "sig1=();expires=1.5", "sig1=();expires=\"1\"", "sig1=();expires",
        "sig1=();a=@1", "sig1=();a=%\"x\"", "sig1=();a=", "sig1=() x", "sig1=();a=\"\\x\"", "sig1=();a=\"é\"", "sig1=();a=:A:",
    })
    void refuses(String value) {
        Refusal.expect(ErrorCode.MALFORMED_SIGNATURE_INPUT, () -> SignatureInput.parse(value));
    }

    @Test
    void takesLongAndDeeplyEscapedTextWithoutTrouble() {
        Refusal.expect(ErrorCode.MALFORMED_SIGNATURE_INPUT, () -> SignatureInput.parse("sig1=();a=\"" + "\\\"".repeat(8_000)));
        Refusal.expect(ErrorCode.HEADER_TOO_LARGE, () -> SignatureInput.parse("sig1=();a=\"" + "\\\"".repeat(9_000)));
    }
}
