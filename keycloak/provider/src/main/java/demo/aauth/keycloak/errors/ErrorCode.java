package demo.aauth.keycloak.errors;

import java.util.Locale;

/** Every way in which a signed request, a document or a token can be refused. The names are those of the TypeScript library. */
public enum ErrorCode {
    MISSING_SIGNATURE,
    MALFORMED_SIGNATURE_KEY,
    UNSUPPORTED_SCHEME,
    UNSUPPORTED_KEY,
    MALFORMED_SIGNATURE_INPUT,
    MALFORMED_SIGNATURE,
    LABEL_MISMATCH,
    INSUFFICIENT_COVERAGE,
    MISSING_COMPONENT,
    CREATED_MISSING,
    CREATED_OUT_OF_WINDOW,
    SIGNATURE_EXPIRED,
    INVALID_SIGNATURE,
    MALFORMED_NONCE,
    NONCE_REPLAYED,
    SIGNATURE_REPLAYED,
    DIGEST_MISSING,
    MALFORMED_DIGEST,
    DIGEST_MISMATCH,
    UNKNOWN_AUTHORITY,
    HEADER_TOO_LARGE,
    DISCOVERY_BLOCKED,
    DISCOVERY_FAILED,
    DISCOVERY_BUSY,
    METADATA_MISMATCH,
    UNKNOWN_KEY,
    MALFORMED_TOKEN,
    TOKEN_TYPE_MISMATCH,
    TOKEN_ALGORITHM_NOT_ALLOWED,
    UNTRUSTED_ISSUER,
    TOKEN_AUDIENCE_MISMATCH,
    TOKEN_EXPIRED,
    TOKEN_NOT_YET_VALID,
    TOKEN_CLAIM_MISSING,
    TOKEN_AGENT_MISMATCH,
    TOKEN_KEY_MISMATCH,
    INVALID_TOKEN_SIGNATURE;

    /** As it stands in events and logs, for example {@code nonce_replayed}. */
    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }
}
