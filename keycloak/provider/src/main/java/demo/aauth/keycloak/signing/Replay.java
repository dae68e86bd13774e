package demo.aauth.keycloak.signing;

import demo.aauth.keycloak.encoding.Hashes;
import demo.aauth.keycloak.encoding.StrictBase64;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

/**
 * What has been signed is good for one request (profile 2.7, hole J20): a nonce is remembered for
 * as long as the signature that carries it could pass again, and where there is none, the
 * signature. To be called only after the signature has been verified: else anyone could spend what
 * is another's.
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
     * By its bytes: the header has several spellings for the same ones.
     *
     * @throws AAuthException {@code signature_replayed}
     */
    static void spendSignature(ReplayStore store, Use use, byte[] signature) {
        // The dot keeps it apart from nonces.
        if (!claim(store, use, "." + StrictBase64.encodeUrl(signature))) {
            throw new AAuthException(ErrorCode.SIGNATURE_REPLAYED, "the signature has been used before, and there is no Nonce");
        }
    }

    private static boolean claim(ReplayStore store, Use use, String what) {
        // One second more: the last second of the window is inclusive.
        long lifespanSeconds = Math.max(1, use.createdSeconds() + Freshness.TOLERANCE_SECONDS + 1 - use.nowSeconds());
        // None of the three has a space, so no two uses share a key.
        String key = "aauth.nonce." + Hashes.sha256Url(use.authority() + " " + use.thumbprint() + " " + what);
        return store.putIfAbsent(key, lifespanSeconds);
    }
}
