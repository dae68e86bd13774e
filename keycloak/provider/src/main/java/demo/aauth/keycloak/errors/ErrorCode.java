package demo.aauth.keycloak.errors;

import java.util.Locale;

/**
 * Reasons to refuse a signed request, a document or a token, with the names of the TypeScript
 * library.
 */
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
    INVALID_TOKEN_SIGNATURE,
    IDENTITY_REQUIRED;

    /** Form used in events and logs, for example {@code nonce_replayed}. */
    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The code for the sender of the refused request. Reasons for failed fetches go only to the
     * log.
     */
    public ErrorCode forCaller() {
        return this == DISCOVERY_BLOCKED || this == METADATA_MISMATCH ? DISCOVERY_FAILED : this;
    }

    /** Section of the wire profile or of the RFC with the broken rule. */
    public String section() {
        return switch (this) {
            case MISSING_SIGNATURE -> "profile 1, 2";
            case UNSUPPORTED_SCHEME -> "profile 1.3";
            case MALFORMED_SIGNATURE_KEY, UNSUPPORTED_KEY, LABEL_MISMATCH, HEADER_TOO_LARGE -> "profile 1.5";
            case UNKNOWN_AUTHORITY -> "profile 2.2";
            case CREATED_MISSING, CREATED_OUT_OF_WINDOW -> "profile 2.4";
            case INSUFFICIENT_COVERAGE -> "profile 2.5";
            case MALFORMED_NONCE, NONCE_REPLAYED, SIGNATURE_REPLAYED -> "profile 2.7";
            case IDENTITY_REQUIRED -> "profile 3.1";
            case MALFORMED_TOKEN, TOKEN_TYPE_MISMATCH, TOKEN_AUDIENCE_MISMATCH, TOKEN_EXPIRED, TOKEN_NOT_YET_VALID, TOKEN_CLAIM_MISSING,
                    INVALID_TOKEN_SIGNATURE -> "profile 4";
            case TOKEN_AGENT_MISMATCH, TOKEN_KEY_MISMATCH -> "profile 4.1";
            case TOKEN_ALGORITHM_NOT_ALLOWED, UNTRUSTED_ISSUER -> "profile 4.2";
            case DISCOVERY_BLOCKED, DISCOVERY_FAILED, DISCOVERY_BUSY, METADATA_MISMATCH, UNKNOWN_KEY -> "profile 5.2";
            case SIGNATURE_EXPIRED -> "RFC 9421 2.3";
            case MISSING_COMPONENT -> "RFC 9421 2.5";
            case INVALID_SIGNATURE -> "RFC 9421 3.2";
            case MALFORMED_SIGNATURE_INPUT -> "RFC 9421 4.1";
            case MALFORMED_SIGNATURE -> "RFC 9421 4.2";
            case DIGEST_MISSING, MALFORMED_DIGEST, DIGEST_MISMATCH -> "RFC 9530 2";
        };
    }
}
