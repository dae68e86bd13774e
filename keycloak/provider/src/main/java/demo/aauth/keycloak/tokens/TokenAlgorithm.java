package demo.aauth.keycloak.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.encoding.StrictBase64;
import demo.aauth.keycloak.keys.Ed25519Key;

import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.StreamSupport;

/** JOSE algorithms accepted for other parties' tokens. {@code EdDSA} means Ed25519 here. */
enum TokenAlgorithm {

    RS256("RS256", "RSA") {
        @Override
        boolean check(JsonNode jwk, byte[] data, byte[] signature) throws GeneralSecurityException {
            BigInteger modulus = number(jwk, "n");
            if (modulus.bitLength() < MIN_RSA_BITS || modulus.bitLength() > MAX_RSA_BITS) {
                throw new InvalidKeyException("the RSA key is too short or too long");
            }
            BigInteger exponent = number(jwk, "e");
            if (!exponent.testBit(0) || exponent.bitLength() < 2 || exponent.bitLength() > MAX_RSA_EXPONENT_BITS) {
                throw new InvalidKeyException("the RSA key's exponent is even, 1 or too long");
            }
            PublicKey key = KeyFactory.getInstance("RSA").generatePublic(new RSAPublicKeySpec(modulus, exponent));
            return verify("SHA256withRSA", key, data, signature);
        }
    },

    ES256("ES256", "EC") {
        @Override
        boolean check(JsonNode jwk, byte[] data, byte[] signature) throws GeneralSecurityException {
            AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
            curve.init(new ECGenParameterSpec("secp256r1"));
            ECPoint point = new ECPoint(coordinate(jwk, "x"), coordinate(jwk, "y"));
            ECPublicKeySpec spec = new ECPublicKeySpec(point, curve.getParameterSpec(ECParameterSpec.class));
            return verify("SHA256withECDSAinP1363Format", KeyFactory.getInstance("EC").generatePublic(spec), data, signature);
        }

        @Override
        boolean suits(JsonNode jwk) {
            return "P-256".equals(Json.text(jwk, "crv")) && super.suits(jwk);
        }
    },

    EDDSA("EdDSA", "OKP") {
        @Override
        boolean check(JsonNode jwk, byte[] data, byte[] signature) {
            return Ed25519Key.of(Json.text(jwk, "x")).verifies(data, signature);
        }

        @Override
        boolean suits(JsonNode jwk) {
            return "Ed25519".equals(Json.text(jwk, "crv")) && super.suits(jwk);
        }
    };

    private static final int MIN_RSA_BITS = 2048;
    /** Limit because the cost of verification grows with the untrusted modulus and exponent. */
    private static final int MAX_RSA_BITS = 4096;
    private static final int MAX_RSA_EXPONENT_BITS = 32;
    private static final int P256_COORDINATE_BYTES = 32;

    private final String joseName;
    private final String keyType;

    TokenAlgorithm(String joseName, String keyType) {
        this.joseName = joseName;
        this.keyType = keyType;
    }

    static Optional<TokenAlgorithm> of(String joseName) {
        return Arrays.stream(values()).filter(algorithm -> algorithm.joseName.equals(joseName)).findFirst();
    }

    /**
     * Whether {@code signature} is the signature of {@code jwk}, a key that {@link #suits}, over
     * {@code data}.
     */
    boolean verifies(JsonNode jwk, byte[] data, byte[] signature) {
        try {
            return check(jwk, data, signature);
        } catch (GeneralSecurityException | RuntimeException badKeyOrSignature) {
            // Both are untrusted, so an input that the JDK rejects is not a signature.
            return false;
        }
    }

    abstract boolean check(JsonNode jwk, byte[] data, byte[] signature) throws GeneralSecurityException;

    /**
     * Whether a published key is suitable for this algorithm: its type and curve match, and no
     * member contradicts it.
     */
    boolean suits(JsonNode jwk) {
        String use = jwk.has("use") ? Json.text(jwk, "use") : "sig";
        String alg = jwk.has("alg") ? Json.text(jwk, "alg") : joseName;
        // RFC 9864 renames EdDSA with this curve.
        return keyType.equals(Json.text(jwk, "kty")) && "sig".equals(use) && mayVerify(jwk.get("key_ops"))
                && (joseName.equals(alg) || this == EDDSA && "Ed25519".equals(alg));
    }

    /** RFC 7517 section 4.3. @param operations null if the key does not restrict them */
    private static boolean mayVerify(JsonNode operations) {
        return operations == null
                || StreamSupport.stream(operations.spliterator(), false).anyMatch(operation -> "verify".equals(operation.textValue()));
    }

    private static boolean verify(String jdkName, PublicKey key, byte[] data, byte[] signature) throws GeneralSecurityException {
        Signature verifier = Signature.getInstance(jdkName);
        verifier.initVerify(key);
        verifier.update(data);
        return verifier.verify(signature);
    }

    private static BigInteger number(JsonNode jwk, String name) throws InvalidKeyException {
        return new BigInteger(1, bytes(jwk, name));
    }

    /**
     * RFC 7518 section 6.2.1.2: must have the curve's full length, so that a key has a single
     * encoding and thumbprint.
     */
    private static BigInteger coordinate(JsonNode jwk, String name) throws InvalidKeyException {
        byte[] bytes = bytes(jwk, name);
        if (bytes.length != P256_COORDINATE_BYTES) {
            throw new InvalidKeyException("the key's " + name + " is not " + P256_COORDINATE_BYTES + " bytes long");
        }
        return new BigInteger(1, bytes);
    }

    private static byte[] bytes(JsonNode jwk, String name) throws InvalidKeyException {
        String text = Json.text(jwk, name);
        byte[] bytes = text == null ? null : StrictBase64.decodeUrl(text);
        if (bytes == null) {
            throw new InvalidKeyException("the key has no " + name);
        }
        return bytes;
    }
}
