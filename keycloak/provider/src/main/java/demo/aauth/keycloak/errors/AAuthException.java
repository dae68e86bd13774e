package demo.aauth.keycloak.errors;

import java.util.EnumSet;
import java.util.Set;

/**
 * Refusal of a request, a document or a token. The message is for the log and never contains a
 * token, a key or a header value.
 */
public final class AAuthException extends RuntimeException {

    private static final Set<ErrorCode> FETCH_FAILURES =
            EnumSet.of(ErrorCode.DISCOVERY_BLOCKED, ErrorCode.DISCOVERY_FAILED, ErrorCode.METADATA_MISMATCH);

    private final ErrorCode code;

    public AAuthException(ErrorCode code, String message) {
        this(code, message, null);
    }

    public AAuthException(ErrorCode code, String message, Throwable cause) {
        // Refusals are ordinary, so they need no stack trace.
        super(message, cause, false, false);
        this.code = code;
    }

    public ErrorCode code() {
        return code;
    }

    /**
     * The message for the sender of the refused request. Reasons for failed fetches go only to the
     * log: distinguishing a forbidden network, a closed port and a responding host would turn this
     * server into a scanner of its own network.
     */
    public String forCaller() {
        return FETCH_FAILURES.contains(code) ? "the documents of a party that the message names could not be read" : getMessage();
    }
}
