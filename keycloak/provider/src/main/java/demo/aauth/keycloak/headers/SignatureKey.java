package demo.aauth.keycloak.headers;

/**
 * Parsed {@code Signature-Key}: the key that the caller claims to have signed with. Unproven until
 * the signature is verified (profile 1.3).
 */
public sealed interface SignatureKey {

    /** The label that all three signature headers must have. */
    String label();

    /**
     * The key itself is in the header and has no name.
     *
     * @param x the public Ed25519 key, base64url; not yet proven to be one
     */
    record Hwk(String label, String x) implements SignatureKey {
    }

    /**
     * The key is in the key set that the metadata of {@code id} points to.
     *
     * @param wellKnown name of the metadata document; null means {@code aauth-agent}
     */
    record Jwks(String label, String id, String kid, String wellKnown) implements SignatureKey {
    }

    /** The key is in the key set at a URL. It proves no identity and is refused (hole J19). */
    record JwksUri(String label, String uri, String kid) implements SignatureKey {
    }

    /** The key is the confirmation key of the token. Never log it. */
    record Jwt(String label, String jwt) implements SignatureKey {
    }
}
