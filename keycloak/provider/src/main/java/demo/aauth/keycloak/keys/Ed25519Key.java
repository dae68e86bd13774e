package demo.aauth.keycloak.keys;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.encoding.StrictBase64;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;

/** A public Ed25519 key that verifies messages. */
public final class Ed25519Key {

    /**
     * DER of a SubjectPublicKeyInfo for Ed25519 up to the 32 bytes of the key (RFC 8410 section 4).
     */
    private static final byte[] SPKI_PREFIX = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    private static final int KEY_BYTES = 32;

    private final String x;
    private final String thumbprint;
    private final PublicKey key;

    private Ed25519Key(String x) {
        this.x = x;
        this.key = importKey(x);
        this.thumbprint = JwkThumbprint.of(Json.object().put("kty", "OKP").put("crv", "Ed25519").put("x", x));
    }

    /**
     * @param x 32 bytes in base64url
     * @throws AAuthException {@code unsupported_key}: not 32 bytes in canonical base64url, or a
     * point of small order (profile 1.5)
     */
    public static Ed25519Key of(String x) {
        return new Ed25519Key(x);
    }

    /**
     * @param jwk anything; {@code {kty: "OKP", crv: "Ed25519", x}} is accepted, with or without
     *        {@code kid}, {@code use: "sig"} and {@code alg: "EdDSA"}
     * @throws AAuthException {@code unsupported_key}: another kind of key, another use or
     * algorithm, private members, a bad {@code x}
     */
    public static Ed25519Key of(JsonNode jwk) {
        if (jwk == null || !jwk.isObject()) {
            throw unsupported("the key is not a JWK");
        }
        if (!"OKP".equals(Json.text(jwk, "kty")) || !"Ed25519".equals(Json.text(jwk, "crv"))) {
            throw unsupported("only Ed25519 keys are supported");
        }
        String x = Json.text(jwk, "x");
        if (x == null) {
            throw unsupported("the key has no \"x\"");
        }
        if (PrivateMembers.NAMES.stream().anyMatch(jwk::has)) {
            throw unsupported("the key carries private members");
        }
        if (jwk.has("use") && !"sig".equals(Json.text(jwk, "use"))) {
            throw unsupported("the key is not for signatures");
        }
        // RFC 9864 renames the algorithm.
        if (jwk.has("alg") && !"EdDSA".equals(Json.text(jwk, "alg")) && !"Ed25519".equals(Json.text(jwk, "alg"))) {
            throw unsupported("the key is for another algorithm");
        }
        return new Ed25519Key(x);
    }

    /** Whether {@code signature} is this key's signature over {@code data}. */
    public boolean verifies(byte[] data, byte[] signature) {
        try {
            Signature verifier = Signature.getInstance("Ed25519");
            verifier.initVerify(key);
            verifier.update(data);
            return verifier.verify(signature);
        } catch (GeneralSecurityException malformed) {
            // The JDK throws for a signature whose parts are out of range.
            return false;
        }
    }

    /** 32 bytes, base64url. */
    public String x() {
        return x;
    }

    /** RFC 7638 SHA-256 thumbprint, base64url. */
    public String thumbprint() {
        return thumbprint;
    }

    private static PublicKey importKey(String x) {
        byte[] bytes = StrictBase64.decodeUrl(x);
        if (bytes == null || bytes.length != KEY_BYTES) {
            throw unsupported("\"x\" is not 32 bytes in base64url");
        }
        if (SmallOrder.contains(bytes)) {
            throw unsupported("\"x\" is a point of small order");
        }
        byte[] spki = new byte[SPKI_PREFIX.length + KEY_BYTES];
        System.arraycopy(SPKI_PREFIX, 0, spki, 0, SPKI_PREFIX.length);
        System.arraycopy(bytes, 0, spki, SPKI_PREFIX.length, KEY_BYTES);
        try {
            return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(spki));
        } catch (GeneralSecurityException noPoint) {
            throw unsupported("the platform refuses the key");
        }
    }

    private static AAuthException unsupported(String reason) {
        return new AAuthException(ErrorCode.UNSUPPORTED_KEY, reason);
    }
}
