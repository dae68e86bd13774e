package demo.aauth.keycloak.support;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.encoding.StrictBase64;
import demo.aauth.keycloak.keys.Ed25519Key;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.Arrays;

/** An Ed25519 key pair that signs requests and tokens. */
public record TestKey(String x, PrivateKey key) {

    public static TestKey generate() {
        try {
            KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
            byte[] spki = pair.getPublic().getEncoded();
            return new TestKey(StrictBase64.encodeUrl(Arrays.copyOfRange(spki, spki.length - 32, spki.length)), pair.getPrivate());
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    static TestKey of(String x, String d) {
        try {
            EdECPrivateKeySpec spec = new EdECPrivateKeySpec(NamedParameterSpec.ED25519, StrictBase64.decodeUrl(d));
            return new TestKey(x, KeyFactory.getInstance("Ed25519").generatePrivate(spec));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    public byte[] sign(String text) {
        try {
            Signature signer = Signature.getInstance("Ed25519");
            signer.initSign(key);
            signer.update(text.getBytes(StandardCharsets.UTF_8));
            return signer.sign();
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    public String thumbprint() {
        return Ed25519Key.of(x).thumbprint();
    }

    public ObjectNode jwk() {
        return Json.object().put("kty", "OKP").put("crv", "Ed25519").put("x", x);
    }

    /** A compact JWS over what the two objects say. */
    public String token(ObjectNode header, ObjectNode claims) {
        String signed = part(header) + "." + part(claims);
        return signed + "." + StrictBase64.encodeUrl(sign(signed));
    }

    private static String part(ObjectNode json) {
        return StrictBase64.encodeUrl(json.toString().getBytes(StandardCharsets.UTF_8));
    }
}
