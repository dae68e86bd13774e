package demo.aauth.keycloak.errors;

/**
 * An OAuth error response (RFC 6749 section 5.2). The description is for the caller and contains no
 * secret.
 */
public final class OAuthException extends RuntimeException {

    private static final int MAX_QUOTED_LENGTH = 100;

    private final int status;
    private final String error;
    private final String check;

    public OAuthException(int status, String error, String description) {
        this(status, error, description, null);
    }

    public OAuthException(int status, String error, String description, Throwable cause) {
        this(status, error, description, cause, null);
    }

    private OAuthException(int status, String error, String description, Throwable cause, String check) {
        super(printable(description), cause, false, false);
        this.status = status;
        this.error = error;
        this.check = check;
    }

    public static OAuthException invalidRequest(String description) {
        return new OAuthException(400, "invalid_request", description);
    }

    public static OAuthException invalidGrant(String description) {
        return new OAuthException(400, "invalid_grant", description);
    }

    public static OAuthException invalidGrant(String description, Throwable cause) {
        return new OAuthException(400, "invalid_grant", description, cause);
    }

    public static OAuthException accessDenied(String description) {
        return new OAuthException(403, "access_denied", description);
    }

    /** Withholds details, because the requester is not authenticated. */
    public static OAuthException unproven(AAuthException cause) {
        return new OAuthException(401, "invalid_signature", cause.forCaller(), cause);
    }

    /** The check could not be made now. The same request, signed again, may succeed later. */
    public static OAuthException busy(Throwable cause) {
        return new OAuthException(503, "temporarily_unavailable", "Too many requests wait for other parties; try again", cause);
    }

    /**
     * The request has no signature, or is signed with a bare key but needs an agent. The published
     * demo answers both in the same way.
     */
    public static OAuthException agentUnknown(ErrorCode code) {
        String description = "Agent identity not found.";
        return new OAuthException(401, "invalid_request", description, new AAuthException(code, description));
    }

    /** A copy that names the verifier's check that failed. */
    public OAuthException at(String failed) {
        return new OAuthException(status, error, getMessage(), getCause(), failed);
    }

    /** A value from the request, truncated for use in an answer. */
    public static String quoted(Object value) {
        String text = String.valueOf(value);
        return text.length() > MAX_QUOTED_LENGTH ? text.substring(0, MAX_QUOTED_LENGTH) + "..." : text;
    }

    public int status() {
        return status;
    }

    /**
     * Whether the refusal is due to load, because a required document could not be fetched, and not
     * due to the request.
     */
    public boolean isForLoad() {
        return getCause() instanceof AAuthException refusal && refusal.code() == ErrorCode.DISCOVERY_BUSY;
    }

    /** {@code error} of the answer. */
    public String error() {
        return error;
    }

    /**
     * Code of the failed check, if known. More specific than {@link #error()}, for events and logs.
     */
    public String reasonCode() {
        return getCause() instanceof AAuthException refusal ? refusal.code().code() : error;
    }

    /** Value of the header {@code aauth-refusal}; null if the cause has no code. */
    public String refusal() {
        if (!(getCause() instanceof AAuthException refusal)) {
            return null;
        }
        ErrorCode code = refusal.code().forCaller();
        String named = check == null ? "" : ", check=" + check;
        return "code=" + code.code() + named + ", section=\"" + code.section() + '"';
    }

    /** Descriptions are ASCII without double quote and backslash (RFC 6749 section 5.2). */
    private static String printable(String text) {
        return text.replaceAll("[\"\\\\]", "'").replaceAll("[^\\x20-\\x7e]", "?");
    }
}
