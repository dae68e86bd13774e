package demo.aauth.keycloak.signing;

import demo.aauth.keycloak.encoding.Hashes;
import demo.aauth.keycloak.encoding.StrictBase64;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

/**
 * Accepts a signed request once (profile 2.7, hole J20): remembers the nonce, or the signature if
 * there is no nonce, as long as the signature could be accepted again. Call this only after
 * verifying the signature, because otherwise anyone could use up another party's nonces.
 */
final class Replay {

    private Replay() {
    }

    /** One use of a key. */
    record Use(String authority, String thumbprint, long createdSeconds, long nowSeconds) {
    }

    /** @throws AAuthException {@code nonce_replayed} */
    static void spendNonce(ReplayStore store, Use use, String nonce) {
        if (!claim(store, use, nonce)) {
            throw new AAuthException(ErrorCode.NONCE_REPLAYED, "the nonce has been used before");
        }
    }

    /**
     * Compares the signature's bytes, because the header has several encodings of the same bytes.
     *
     * @throws AAuthException {@code signature_replayed}
     */
    static void spendSignature(ReplayStore store, Use use, byte[] signature) {
        // The dot distinguishes it from nonces.
        if (!claim(store, use, "." + StrictBase64.encodeUrl(signature))) {
            throw new AAuthException(ErrorCode.SIGNATURE_REPLAYED, "the signature has been used before, and there is no Nonce");
        }
    }

    private static boolean claim(ReplayStore store, Use use, String what) {
        // Adds a second, because the window is inclusive.
        long lifespanSeconds = Math.max(1, use.createdSeconds() + Freshness.TOLERANCE_SECONDS + 1 - use.nowSeconds());
        // None of the three contains a space, so keys are unique.
        String key = "aauth.nonce." + Hashes.sha256Url(use.authority() + " " + use.thumbprint() + " " + what);
        return store.putIfAbsent(key, lifespanSeconds);
    }
}
