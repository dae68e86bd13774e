package demo.aauth.keycloak.headers;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.Refusal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

class SignatureKeyParserTest {

    private static final String X = "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs";
    private static final String HWK = "sig1=(scheme=hwk kty=\"OKP\" crv=\"Ed25519\" x=\"" + X + "\")";
    private static final String JWKS = "sig1=(scheme=jwks id=\"http://backend.localhost:8000\" kid=\"k-1\")";

    @Test
    void readsEveryScheme() {
        assertEquals(new SignatureKey.Hwk("sig1", X), SignatureKeyParser.parse(HWK));
        assertEquals(new SignatureKey.Jwks("sig1", "http://backend.localhost:8000", "k-1", null), SignatureKeyParser.parse(JWKS));
        assertEquals(new SignatureKey.Jwks("sig1", "http://backend.localhost:8000", "k-1", "aauth-agent"),
                SignatureKeyParser.parse(JWKS.replace(")", " well-known=\"aauth-agent\")")));
        assertEquals(new SignatureKey.JwksUri("sig1", "https://agent.example/jwks.json", "k"),
                SignatureKeyParser.parse("sig1=(scheme=jwks jwks=\"https://agent.example/jwks.json\" kid=\"k\")"));
        assertEquals(new SignatureKey.Jwt("*my-sig.2_b", "eyJh.eyJp.c2ln"),
                SignatureKeyParser.parse("*my-sig.2_b=(scheme=jwt jwt=\"eyJh.eyJp.c2ln\")"));
    }

    @Test
    void ignoresWhiteSpaceAroundTheValueAndParametersItDoesNotKnow() {
        assertEquals(new SignatureKey.Hwk("sig1", X),
                SignatureKeyParser.parse(" \t" + HWK.replace(")", " kid=\"k\" note=\"with, (signs); =\")") + " "));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "sig1", "sig1=?1",
        "Sig1=(scheme=jwt jwt=\"a\")", "1sig=(scheme=jwt jwt=\"a\")", "(scheme=jwt jwt=\"a\")",
        "sig1=(jwt=\"a\" scheme=jwt)", "sig1=(scheme=\"jwt\" jwt=\"a\")", "sig1=(scheme=jwt jwt=\"a\" scheme=\"jwt\")",
        "sig1=(scheme=jwt jwt=a)", "sig1=(scheme=jwt jwt=\"\")", "sig1=(scheme=jwt JWT=\"a\")",
        "sig1=(scheme=jwt  jwt=\"a\")", "sig1=(scheme=jwt\tjwt=\"a\")", "sig1=(scheme=jwt jwt=\"a\" )",
        "sig1=(scheme=jwt,jwt=\"a\")", "sig1=(scheme=jwt jwt=\"a\"", "sig1=(scheme=jwt jwt=\"a\"))",
        "sig1=(scheme=jwt jwt=\"a\");a=1", "sig1=(scheme=jwt jwt=\"a\\b\")", "sig1=(scheme=jwt jwt=\"a\u0007\")",
        "sig1=(scheme=jwt jwt=\"a\n\")", "sig1=(scheme=jwt jwt=\"é\")",
        "sig1=(scheme=hwk)", "sig1=(scheme=hwk kty=\"OKP\" crv=\"Ed25519\")",
        "sig1=(scheme=jwks id=\"https://a.example\")", "sig1=(scheme=jwks kid=\"k\")",
        "sig1=(scheme=jwks id=\"https://a.example\" kid=\"k\" jwks=\"https://a.example/j\")",
        "sig1=(scheme=jwks jwks=\"https://a.example/j\" kid=\"k\" well-known=\"aauth-agent\")",
        "sig1=(scheme=jwt)", "sig1=jwt;jwt=\"a\"",
        // hole P6: members merged, the last of two parameters wins
        "sig1=(scheme=jwt jwt=\"a\"), sig2=(scheme=jwt jwt=\"b\")", "sig1=(scheme=jwt jwt=\"a\" jwt=\"b\")",
    })
    void refusesWhatIsNotExactlyOneMember(String value) {
        Refusal.expect(ErrorCode.MALFORMED_SIGNATURE_KEY, () -> SignatureKeyParser.parse(value));
    }

    /** x509 is hole J18: nothing is fetched, because nothing of it is understood. */
    @ParameterizedTest
    @ValueSource(strings = {"x509", "hmac", "HWK", "unknown"})
    void refusesOtherSchemes(String scheme) {
        Refusal.expect(ErrorCode.UNSUPPORTED_SCHEME, () -> SignatureKeyParser.parse("sig1=(scheme=" + scheme + " a=\"b\")"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"d", "k", "p", "q", "dp", "dq", "qi", "oth"})
    void refusesPrivateMembersInTheHeader(String name) {
        Refusal.expect(ErrorCode.UNSUPPORTED_KEY, () -> SignatureKeyParser.parse(HWK.replace(")", " " + name + "=\"AAAA\")")));
    }

    @Test
    void refusesOtherKeys() {
        Refusal.expect(ErrorCode.UNSUPPORTED_KEY, () -> SignatureKeyParser.parse(HWK.replace("OKP", "RSA")));
        Refusal.expect(ErrorCode.UNSUPPORTED_KEY, () -> SignatureKeyParser.parse(HWK.replace("Ed25519", "Ed448")));
    }

    @Test
    void refusesAnOversizeHeaderBeforeItParsesIt() {
        Refusal.expect(ErrorCode.HEADER_TOO_LARGE,
                () -> SignatureKeyParser.parse("sig1=(scheme=jwt jwt=\"" + "a".repeat(16_384) + "\")"));
    }

    @Test
    void saysNothingOfTheValueInItsMessage() {
        AAuthException refusal = assertThrows(AAuthException.class,
                () -> SignatureKeyParser.parse("sig1=(scheme=jwt jwt=\"secret\" jwt=\"secret\")"));
        assertFalse(refusal.getMessage().contains("secret"));
    }
}
