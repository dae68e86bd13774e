package demo.aauth.keycloak.signing;

import demo.aauth.keycloak.encoding.StrictBase64;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.headers.HeaderFields;

/** {@code Nonce}: a request with a nonce is accepted once (profile 2.7, hole J20). */
final class Nonce {

    private static final int MIN_BYTES = 12;
    /** Limit on the length, because nonces are stored. */
    private static final int MAX_CHARACTERS = 128;

    private Nonce() {
    }

    /**
     * The nonce of a request, or null if it has none. {@link Coverage} checks that it is covered.
     *
     * @throws AAuthException {@code malformed_nonce} if it is not base64url of 12 to 96 bytes
     */
    static String read(HeaderFields headers) {
        String nonce = headers.get(HeaderFields.NONCE);
        if (nonce == null) {
            return null;
        }
        byte[] bytes = nonce.length() <= MAX_CHARACTERS ? StrictBase64.decodeUrl(nonce) : null;
        if (bytes == null || bytes.length < MIN_BYTES) {
            throw new AAuthException(ErrorCode.MALFORMED_NONCE, "Nonce is not base64url of " + MIN_BYTES + " to 96 bytes");
        }
        return nonce;
    }
}
