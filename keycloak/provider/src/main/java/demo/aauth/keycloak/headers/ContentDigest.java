package demo.aauth.keycloak.headers;

import demo.aauth.keycloak.encoding.Hashes;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** {@code Content-Digest} of a body (RFC 9530 section 2). */
public final class ContentDigest {

    private static final ErrorCode CODE = ErrorCode.MALFORMED_DIGEST;
    /** Supported algorithms and the JDK's names for them. Others may be present and are ignored. */
    private static final Map<String, String> ALGORITHMS = Map.of("sha-256", "SHA-256", "sha-512", "SHA-512");

    private ContentDigest() {
    }

    /**
     * Compares the header with the received bytes. Every supported digest must match. Does NOT
     * check that the signature covers the header.
     *
     * @param body the bytes as received; empty if there is no body
     * @throws AAuthException {@code malformed_digest}: another grammar, an algorithm that appears
     * twice, no supported algorithm; {@code digest_mismatch}; {@code header_too_large}
     */
    public static void verify(String value, byte[] body) {
        HeaderFields.requireBounded("Content-Digest", value);
        parse(value).forEach((algorithm, expected) -> {
            if (!MessageDigest.isEqual(expected, Hashes.digest(ALGORITHMS.get(algorithm), body))) {
                throw new AAuthException(ErrorCode.DIGEST_MISMATCH, "Content-Digest " + algorithm + " differs from the body received");
            }
        });
    }

    private static Map<String, byte[]> parse(String value) {
        StructuredField field = new StructuredField(HeaderFields.trim(value), CODE);
        Map<String, byte[]> digests = new HashMap<>();
        Set<String> seen = new HashSet<>();
        do {
            field.skipWhiteSpace();
            String algorithm = field.key();
            field.expect('=');
            byte[] digest = field.byteSequence();
            field.parameters();
            field.skipWhiteSpace();
            if (!seen.add(algorithm)) {
                throw new AAuthException(CODE, "Content-Digest names an algorithm twice");
            }
            if (ALGORITHMS.containsKey(algorithm)) {
                requireLength(algorithm, digest);
                digests.put(algorithm, digest);
            }
        } while (field.accept(','));
        if (!field.atEnd()) {
            throw field.error("text after a member");
        }
        if (digests.isEmpty()) {
            throw new AAuthException(CODE, "Content-Digest names no supported algorithm");
        }
        return digests;
    }

    private static void requireLength(String algorithm, byte[] digest) {
        if (digest.length != (algorithm.equals("sha-256") ? 32 : 64)) {
            throw new AAuthException(CODE, "Content-Digest " + algorithm + " has not the length of its algorithm");
        }
    }
}
