package demo.aauth.keycloak.errors;

/**
 * A request, a document or a token has been refused. The message is for the caller: it never holds a token, a key or a header value.
 */
public final class AAuthException extends RuntimeException {

    private final ErrorCode code;

    public AAuthException(ErrorCode code, String message) {
        this(code, message, null);
    }

    public AAuthException(ErrorCode code, String message, Throwable cause) {
        // Refusals are ordinary here: nobody reads their stack traces.
        super(message, cause, false, false);
        this.code = code;
    }

    public ErrorCode code() {
        return code;
    }
}
