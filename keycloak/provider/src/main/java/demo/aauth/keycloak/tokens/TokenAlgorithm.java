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

/** JOSE algorithms that a token of another party may use. {@code EdDSA} means Ed25519 here. */
enum TokenAlgorithm {

    RS256("RS256", "RSA") {
        @Override
        boolean check(JsonNode jwk, byte[] data, byte[] signature) throws GeneralSecurityException {
            BigInteger modulus = number(jwk, "n");
            if (modulus.bitLength() < MIN_RSA_BITS) {
                throw new InvalidKeyException("the RSA key is too short");
            }
            PublicKey key = KeyFactory.getInstance("RSA").generatePublic(new RSAPublicKeySpec(modulus, number(jwk, "e")));
            return verify("SHA256withRSA", key, data, signature);
        }
    },

    ES256("ES256", "EC") {
        @Override
        boolean check(JsonNode jwk, byte[] data, byte[] signature) throws GeneralSecurityException {
            if (!"P-256".equals(Json.text(jwk, "crv"))) {
                return false;
            }
            AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
            curve.init(new ECGenParameterSpec("secp256r1"));
            ECPoint point = new ECPoint(number(jwk, "x"), number(jwk, "y"));
            ECPublicKeySpec spec = new ECPublicKeySpec(point, curve.getParameterSpec(ECParameterSpec.class));
            return verify("SHA256withECDSAinP1363Format", KeyFactory.getInstance("EC").generatePublic(spec), data, signature);
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

    private final String joseName;
    private final String keyType;

    TokenAlgorithm(String joseName, String keyType) {
        this.joseName = joseName;
        this.keyType = keyType;
    }

    static Optional<TokenAlgorithm> of(String joseName) {
        return Arrays.stream(values()).filter(algorithm -> algorithm.joseName.equals(joseName)).findFirst();
    }

    /** True when {@code jwk} is a key for this algorithm and {@code signature} is its signature over {@code data}. */
    boolean verifies(JsonNode jwk, byte[] data, byte[] signature) {
        try {
            return suits(jwk) && check(jwk, data, signature);
        } catch (GeneralSecurityException | RuntimeException badKeyOrSignature) {
            // Both come from strangers: what the JDK cannot make sense of is no signature.
            return false;
        }
    }

    abstract boolean check(JsonNode jwk, byte[] data, byte[] signature) throws GeneralSecurityException;

    boolean suits(JsonNode jwk) {
        String use = jwk.has("use") ? Json.text(jwk, "use") : "sig";
        String alg = jwk.has("alg") ? Json.text(jwk, "alg") : joseName;
        // RFC 9864 renames EdDSA with this curve.
        return keyType.equals(Json.text(jwk, "kty")) && "sig".equals(use)
                && (joseName.equals(alg) || this == EDDSA && "Ed25519".equals(alg));
    }

    private static boolean verify(String jdkName, PublicKey key, byte[] data, byte[] signature) throws GeneralSecurityException {
        Signature verifier = Signature.getInstance(jdkName);
        verifier.initVerify(key);
        verifier.update(data);
        return verifier.verify(signature);
    }

    private static BigInteger number(JsonNode jwk, String name) throws InvalidKeyException {
        String text = Json.text(jwk, name);
        byte[] bytes = text == null ? null : StrictBase64.decodeUrl(text);
        if (bytes == null) {
            throw new InvalidKeyException("the key has no " + name);
        }
        return new BigInteger(1, bytes);
    }
}
