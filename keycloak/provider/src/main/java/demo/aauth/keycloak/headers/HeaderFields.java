package demo.aauth.keycloak.headers;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Header fields of a request. Nothing in them is trusted. */
public final class HeaderFields {

    public static final String SIGNATURE_KEY = "signature-key";
    public static final String SIGNATURE_INPUT = "signature-input";
    public static final String SIGNATURE = "signature";
    public static final String CONTENT_TYPE = "content-type";
    public static final String CONTENT_DIGEST = "content-digest";
    public static final String NONCE = "nonce";

    /** Limit beyond which a signature header is refused before it is parsed. */
    public static final int MAX_LENGTH = 16_384;

    private final Map<String, String> values = new HashMap<>();

    /** @param fields lines of each field by name, in any case */
    public HeaderFields(Map<String, List<String>> fields) {
        fields.forEach((name, lines) -> values.merge(name.toLowerCase(Locale.ROOT), join(lines), (one, other) -> one + ", " + other));
    }

    /**
     * The value as it enters the signature base (RFC 9421 section 2.1): lines of one name joined
     * with a comma and a space, each without whitespace around it. Null when the message has no
     * such field.
     *
     * @param name lower case
     */
    public String get(String name) {
        return values.get(name);
    }

    /**
     * The value of a header that every signed request has.
     *
     * @throws AAuthException {@code missing_signature}, {@code header_too_large}
     */
    public String require(String name) {
        String value = get(name);
        if (value == null) {
            throw new AAuthException(ErrorCode.MISSING_SIGNATURE, "the request has no " + name);
        }
        requireBounded(name, value);
        return value;
    }

    static void requireBounded(String name, String value) {
        if (value.length() > MAX_LENGTH) {
            throw new AAuthException(ErrorCode.HEADER_TOO_LARGE, name + " is longer than " + MAX_LENGTH + " bytes");
        }
    }

    /**
     * The string without optional whitespace (SP, HTAB) at its ends; {@code strip} would take more
     * than HTTP does.
     */
    static String trim(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && isWhiteSpace(text.charAt(start))) {
            start++;
        }
        while (end > start && isWhiteSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    private static boolean isWhiteSpace(char character) {
        return character == ' ' || character == '\t';
    }

    private static String join(List<String> lines) {
        return lines.stream().map(HeaderFields::trim).collect(Collectors.joining(", "));
    }
}
