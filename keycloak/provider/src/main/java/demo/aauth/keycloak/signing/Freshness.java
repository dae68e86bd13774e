package demo.aauth.keycloak.signing;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.headers.SignatureInput;

/** Age limits of a signature (profile 2.4). */
final class Freshness {

    /** Largest difference between {@code created} and now in either direction, inclusive. */
    static final int TOLERANCE_SECONDS = 60;

    private Freshness() {
    }

    /**
     * Refuses a signature that is too old, from the future, or past its own {@code expires},
     * without tolerance.
     *
     * @throws AAuthException {@code created_missing}, {@code created_out_of_window},
     * {@code signature_expired}
     */
    static void require(SignatureInput input, long nowSeconds) {
        if (input.created() == null) {
            throw new AAuthException(ErrorCode.CREATED_MISSING, "Signature-Input has no integer created");
        }
        if (Math.abs(nowSeconds - input.created()) > TOLERANCE_SECONDS) {
            throw new AAuthException(ErrorCode.CREATED_OUT_OF_WINDOW, "created is more than " + TOLERANCE_SECONDS + " s from now");
        }
        if (input.expires() != null && nowSeconds >= input.expires()) {
            throw new AAuthException(ErrorCode.SIGNATURE_EXPIRED, "the signature has expired");
        }
    }
}
