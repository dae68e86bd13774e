package demo.aauth.keycloak.tokens;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.encoding.StrictBase64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Which published key verifies which token. */
class TokenAlgorithmTest {

    private static final byte[] DATA = {1, 2, 3};

    @ParameterizedTest
    @ValueSource(ints = {1024, 2047, 2048})
    void takesNoShortRsaKey(int bits) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(bits);
        KeyPair pair = generator.generateKeyPair();
        RSAPublicKey key = (RSAPublicKey) pair.getPublic();
        ObjectNode jwk = Json.object().put("kty", "RSA").put("n", number(key.getModulus())).put("e", number(key.getPublicExponent()));
        byte[] signature = sign("SHA256withRSA", pair);
        assertEquals(bits >= 2048, TokenAlgorithm.RS256.verifies(jwk, DATA, signature));
    }

    @Test
    void takesOneSpellingOfAPointOnly() throws GeneralSecurityException {
        KeyPair pair = ecPair();
        ECPublicKey key = (ECPublicKey) pair.getPublic();
        byte[] x = bytes(key.getW().getAffineX(), 32);
        byte[] y = bytes(key.getW().getAffineY(), 32);
        byte[] signature = sign("SHA256withECDSAinP1363Format", pair);
        assertTrue(TokenAlgorithm.ES256.verifies(point(x, y), DATA, signature));
        assertFalse(TokenAlgorithm.ES256.verifies(point(bytes(key.getW().getAffineX(), 33), y), DATA, signature));
        assertFalse(TokenAlgorithm.ES256.verifies(point(x, bytes(key.getW().getAffineY(), 33)), DATA, signature));
    }

    /** A key whose first byte is 0 is as long as any other. */
    @Test
    void takesNoPointWithoutItsLeadingZeros() throws GeneralSecurityException {
        KeyPair pair = ecPair();
        while (bytes(((ECPublicKey) pair.getPublic()).getW().getAffineX(), 32)[0] != 0) {
            pair = ecPair();
        }
        ECPublicKey key = (ECPublicKey) pair.getPublic();
        byte[] x = bytes(key.getW().getAffineX(), 32);
        byte[] y = bytes(key.getW().getAffineY(), 32);
        byte[] signature = sign("SHA256withECDSAinP1363Format", pair);
        assertTrue(TokenAlgorithm.ES256.verifies(point(x, y), DATA, signature));
        assertFalse(TokenAlgorithm.ES256.verifies(point(Arrays.copyOfRange(x, 1, 32), y), DATA, signature));
    }

    @Test
    void takesOnlyAKeyThatIsMeantForIt() {
        ObjectNode jwk = Json.object().put("kty", "OKP").put("crv", "Ed25519").put("x", "AAAA");
        assertTrue(TokenAlgorithm.EDDSA.suits(jwk));
        assertTrue(TokenAlgorithm.EDDSA.suits(jwk.deepCopy().put("use", "sig").put("alg", "Ed25519")));
        assertFalse(TokenAlgorithm.RS256.suits(jwk));
        assertFalse(TokenAlgorithm.ES256.suits(Json.object().put("kty", "EC").put("crv", "P-384")));
        assertFalse(TokenAlgorithm.EDDSA.suits(jwk.deepCopy().put("crv", "Ed448")));
        assertFalse(TokenAlgorithm.EDDSA.suits(jwk.deepCopy().put("use", "enc")));
        assertFalse(TokenAlgorithm.EDDSA.suits(jwk.deepCopy().put("alg", "ES256")));
        jwk.putArray("key_ops").add("sign").add("verify");
        assertTrue(TokenAlgorithm.EDDSA.suits(jwk));
        jwk.putArray("key_ops").add("sign");
        assertFalse(TokenAlgorithm.EDDSA.suits(jwk));
        jwk.putArray("key_ops");
        assertFalse(TokenAlgorithm.EDDSA.suits(jwk));
    }

    private static KeyPair ecPair() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    private static ObjectNode point(byte[] x, byte[] y) {
        return Json.object().put("kty", "EC").put("crv", "P-256").put("x", StrictBase64.encodeUrl(x)).put("y", StrictBase64.encodeUrl(y));
    }

    private static byte[] sign(String algorithm, KeyPair pair) throws GeneralSecurityException {
        Signature signer = Signature.getInstance(algorithm);
        signer.initSign(pair.getPrivate());
        signer.update(DATA);
        return signer.sign();
    }

    /** The number in so many bytes, zeros first. */
    private static byte[] bytes(BigInteger number, int length) {
        byte[] digits = number.toByteArray();
        byte[] padded = new byte[length];
        int copied = Math.min(digits.length, length);
        System.arraycopy(digits, digits.length - copied, padded, length - copied, copied);
        return padded;
    }

    private static String number(BigInteger number) {
        byte[] digits = number.toByteArray();
        return StrictBase64.encodeUrl(digits[0] == 0 ? Arrays.copyOfRange(digits, 1, digits.length) : digits);
    }
}
