package demo.aauth.keycloak.encoding;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Digests by the JDK. */
public final class Hashes {

    private Hashes() {
    }

    /** SHA-256 of the text's UTF-8 bytes, base64url. */
    public static String sha256Url(String text) {
        return StrictBase64.encodeUrl(digest("SHA-256", text.getBytes(StandardCharsets.UTF_8)));
    }

    /** @param algorithm a name that every JDK knows: SHA-256 or SHA-512 */
    public static byte[] digest(String algorithm, byte[] bytes) {
        try {
            return MessageDigest.getInstance(algorithm).digest(bytes);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
