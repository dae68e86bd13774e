package demo.aauth.keycloak.headers;

import demo.aauth.keycloak.encoding.StrictBase64;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code Signature}, parsed.
 *
 * @param bytes 64 bytes
 */
public record SignatureValue(String label, byte[] bytes) {

    private static final Pattern MEMBER = Pattern.compile("(" + StructuredField.KEY + ")=:([A-Za-z0-9+/_=-]*):");

    /**
     * Parses a header with exactly one member. Peers disagree on base64, so both alphabets are
     * accepted, padded or not (profile 2.3), but only in canonical form.
     *
     * @throws AAuthException {@code malformed_signature}: another grammar, a second member, a
     * mixture of alphabets, stray bits, or not 64 bytes; {@code header_too_large}
     */
    public static SignatureValue parse(String value) {
        HeaderFields.requireBounded("Signature", value);
        Matcher member = MEMBER.matcher(HeaderFields.trim(value));
        if (!member.matches()) {
            throw new AAuthException(ErrorCode.MALFORMED_SIGNATURE, "Signature is not label=:base64:");
        }
        byte[] bytes = StrictBase64.decodeAny(member.group(2));
        if (bytes == null || bytes.length != 64) {
            throw new AAuthException(ErrorCode.MALFORMED_SIGNATURE, "Signature is not 64 bytes in base64");
        }
        return new SignatureValue(member.group(1), bytes);
    }
}
