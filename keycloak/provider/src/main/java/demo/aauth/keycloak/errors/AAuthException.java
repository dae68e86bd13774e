package demo.aauth.keycloak.errors;

import java.util.EnumSet;
import java.util.Set;

/**
 * A request, a document or a token has been refused. The message is for the log: it never holds a
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
        // Refusals are ordinary here: their stack traces are not needed.
        super(message, cause, false, false);
        this.code = code;
    }

    public ErrorCode code() {
        return code;
    }

    /**
     * What the sender of the refused message may read. How a fetch failed that it has caused is for
     * the log: told apart, a forbidden network, a closed port and a host that answers would make
     * this server a scanner of its own network.
     */
    public String forCaller() {
        return FETCH_FAILURES.contains(code) ? "the documents of a party that the message names could not be read" : getMessage();
    }
}
