package demo.aauth.keycloak.encoding;

import java.util.Base64;
import java.util.List;

/**
 * Base64 in both alphabets, strict: no foreign characters, no missing or superfluous padding, no
 * stray bits after the last byte (RFC 4648 sections 3.5 and 5). The JDK tolerates some of these,
 * and a tolerant decoder gives a signature several spellings; so decoded bytes are encoded again
 * and compared with the input.
 */
public final class StrictBase64 {

    private static final Base64.Encoder URL_SAFE = Base64.getUrlEncoder().withoutPadding();
    private static final Base64.Encoder STANDARD = Base64.getEncoder();
    private static final List<Base64.Encoder> ANY =
            List.of(URL_SAFE, STANDARD, Base64.getUrlEncoder(), Base64.getEncoder().withoutPadding());

    private StrictBase64() {
    }

    /** base64url without padding. */
    public static String encodeUrl(byte[] bytes) {
        return URL_SAFE.encodeToString(bytes);
    }

    /** Standard base64 with padding. */
    public static String encode(byte[] bytes) {
        return STANDARD.encodeToString(bytes);
    }

    /** base64url without padding to bytes; null for any other text. */
    public static byte[] decodeUrl(String text) {
        return decode(Base64.getUrlDecoder(), text, List.of(URL_SAFE));
    }

    /** Standard base64 with padding to bytes; null for any other text. */
    public static byte[] decode(String text) {
        return decode(Base64.getDecoder(), text, List.of(STANDARD));
    }

    /** Either alphabet, padded or not, but not mixed; null for any other text. */
    public static byte[] decodeAny(String text) {
        byte[] bytes = decode(Base64.getUrlDecoder(), text, ANY);
        return bytes != null ? bytes : decode(Base64.getDecoder(), text, ANY);
    }

    private static byte[] decode(Base64.Decoder decoder, String text, List<Base64.Encoder> spellings) {
        try {
            byte[] bytes = decoder.decode(text);
            return spellings.stream().anyMatch(spelling -> spelling.encodeToString(bytes).equals(text)) ? bytes : null;
        } catch (IllegalArgumentException malformed) {
            return null;
        }
    }
}
