package demo.aauth.keycloak.signing;

import demo.aauth.keycloak.encoding.StrictBase64;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.headers.HeaderFields;

/** {@code Nonce}: a request that carries one is good once (profile 2.7, hole J20). */
final class Nonce {

    private static final int MIN_BYTES = 12;
    /** A nonce is kept, so it must not be arbitrarily long. */
    private static final int MAX_CHARACTERS = 128;

    private Nonce() {
    }

    /**
     * The nonce of a request, or null when it has none. That it is covered, {@link Coverage}
     * checks.
     *
     * @throws AAuthException {@code malformed_nonce} when it is not base64url of 12 to 96 bytes
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
