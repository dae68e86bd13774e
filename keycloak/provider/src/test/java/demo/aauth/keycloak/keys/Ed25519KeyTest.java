package demo.aauth.keycloak.keys;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.StrictBase64;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.Refusal;
import demo.aauth.keycloak.support.TestKey;
import demo.aauth.keycloak.support.Vectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class Ed25519KeyTest {

    private final TestKey signer = TestKey.generate();

    @Test
    void verifiesItsOwnSignaturesOnly() {
        Ed25519Key key = Ed25519Key.of(signer.jwk().put("kid", "k").put("use", "sig").put("alg", "EdDSA"));
        byte[] data = "text".getBytes(StandardCharsets.UTF_8);
        assertTrue(key.verifies(data, signer.sign("text")));
        assertFalse(key.verifies(data, signer.sign("other")));
        assertFalse(key.verifies(data, TestKey.generate().sign("text")));
        byte[] outOfRange = new byte[64];
        Arrays.fill(outOfRange, (byte) 0xff);
        assertFalse(key.verifies(data, outOfRange));
        assertFalse(key.verifies(data, new byte[63]));
    }

    @Test
    void knowsTheThumbprintsOfThePublicTestKeys() {
        assertEquals("poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U", Vectors.key("A").thumbprint());
        assertEquals("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", Vectors.key("B").thumbprint());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    })
    void refusesPointsOfSmallOrder(String hex) {
        String x = StrictBase64.encodeUrl(HexFormat.of().parseHex(hex));
        Refusal.expect(ErrorCode.UNSUPPORTED_KEY, () -> Ed25519Key.of(x));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "AAAA", "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs=", "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs",
        "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bt"})
    void refusesWhatIsNot32BytesInCanonicalBase64url(String x) {
        Refusal.expect(ErrorCode.UNSUPPORTED_KEY, () -> Ed25519Key.of(x));
    }

    @Test
    void refusesOtherKeysUsesAndAlgorithms() {
        refuse(signer.jwk().put("kty", "RSA"));
        refuse(signer.jwk().put("crv", "X25519"));
        refuse(signer.jwk().put("use", "enc"));
        refuse(signer.jwk().put("alg", "ES256"));
        refuse(signer.jwk().put("d", "AAAA"));
        refuse(signer.jwk().putNull("x"));
        Refusal.expect(ErrorCode.UNSUPPORTED_KEY, () -> Ed25519Key.of((ObjectNode) null));
    }

    private static void refuse(ObjectNode jwk) {
        Refusal.expect(ErrorCode.UNSUPPORTED_KEY, () -> Ed25519Key.of(jwk));
    }
}
