package demo.aauth.keycloak.tokens;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.encoding.StrictBase64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.RSAKeyGenParameterSpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Algorithms of published keys and of the tokens that they verify. */
class TokenAlgorithmTest {

    private static final byte[] DATA = {1, 2, 3};

    @ParameterizedTest
    @CsvSource({"1024,false", "2047,false", "2048,true", "3072,true", "4096,true", "4097,false"})
    void takesRsaKeysOfOrdinaryLengthOnly(int bits, boolean taken) throws GeneralSecurityException {
        assertEquals(taken, takesRsa(bits, RSAKeyGenParameterSpec.F4));
    }

    /**
     * A long exponent makes verification slow, an even one is not RSA, and with 1 any caller can
     * sign.
     */
    @ParameterizedTest
    @CsvSource({"1,false", "3,true", "4,false", "65537,true", "65536,false", "4294967295,true", "4294967297,false"})
    void takesRsaKeysWithAnOrdinaryExponentOnly(BigInteger exponent, boolean taken) throws GeneralSecurityException {
        assertEquals(taken, takesRsa(2048, exponent));
    }

    @Test
    void takesARsaKeyAsTheyAreMade() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair pair = generator.generateKeyPair();
        RSAPublicKey key = (RSAPublicKey) pair.getPublic();
        assertTrue(TokenAlgorithm.RS256.verifies(rsa(key.getModulus(), key.getPublicExponent()), DATA, sign("SHA256withRSA", pair)));
    }

    /** The last check before an untrusted token is accepted as the realm's. */
    @Test
    void refusesASignatureOverSomethingElseOrByAnotherKey() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair rsaPair = generator.generateKeyPair();
        KeyPair ecPair = ecPair();
        RSAPublicKey rsaKey = (RSAPublicKey) rsaPair.getPublic();
        ECPublicKey ecKey = (ECPublicKey) ecPair.getPublic();
        ObjectNode rsa = rsa(rsaKey.getModulus(), rsaKey.getPublicExponent());
        ObjectNode ec = point(bytes(ecKey.getW().getAffineX(), 32), bytes(ecKey.getW().getAffineY(), 32));
        byte[] other = {1, 2, 4};
        assertFalse(TokenAlgorithm.RS256.verifies(rsa, other, sign("SHA256withRSA", rsaPair)));
        assertFalse(TokenAlgorithm.RS256.verifies(rsa, DATA, sign("SHA256withRSA", generator.generateKeyPair())));
        assertFalse(TokenAlgorithm.ES256.verifies(ec, other, sign("SHA256withECDSAinP1363Format", ecPair)));
        assertFalse(TokenAlgorithm.ES256.verifies(ec, DATA, sign("SHA256withECDSAinP1363Format", ecPair())));
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
        assertFalse(TokenAlgorithm.RS256.suits(Json.object().put("kty", "RSA").put("alg", "Ed25519")));
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

    /**
     * Whether a key with these sizes is taken, by a signature that is right. Its modulus has many
     * small primes, which are found in no time; who verifies cannot tell. The padded text is a
     * square by each, so that there is a root of it for an even exponent, too.
     */
    private static boolean takesRsa(int bits, BigInteger exponent) throws GeneralSecurityException {
        BigInteger padded = paddedForRsa(bits);
        Random random = new Random(bits);
        BigInteger modulus = BigInteger.ONE;
        BigInteger order = BigInteger.ONE;
        while (modulus.bitLength() < bits) {
            int missing = bits - modulus.bitLength();
            BigInteger prime = BigInteger.probablePrime(missing < 256 ? missing : 128, random);
            BigInteger half = prime.shiftRight(1);
            boolean square = half.testBit(0) && padded.modPow(half, prime).equals(BigInteger.ONE);
            boolean fits = missing >= 256 || modulus.multiply(prime).bitLength() == bits;
            if (square && fits && exponent.gcd(half).equals(BigInteger.ONE)) {
                modulus = modulus.multiply(prime);
                order = order.multiply(half);
            }
        }
        BigInteger root = padded.modPow(exponent.modInverse(order), modulus);
        return TokenAlgorithm.RS256.verifies(rsa(modulus, exponent), DATA, bytes(root, (bits + 7) / 8));
    }

    /** {@code DATA} by EMSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 9.2). */
    private static BigInteger paddedForRsa(int bits) throws GeneralSecurityException {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(DATA);
        String digestInfo = "3031300d060960864801650304020105000420" + HexFormat.of().formatHex(hash);
        return new BigInteger("0001" + "ff".repeat((bits + 7) / 8 - 3 - digestInfo.length() / 2) + "00" + digestInfo, 16);
    }

    private static ObjectNode rsa(BigInteger modulus, BigInteger exponent) {
        return Json.object().put("kty", "RSA").put("n", number(modulus)).put("e", number(exponent));
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
