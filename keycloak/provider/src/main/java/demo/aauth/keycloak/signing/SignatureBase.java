package demo.aauth.keycloak.signing;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.headers.SignatureInput;

import java.util.regex.Pattern;

/** The signed text (RFC 9421 section 2.5). */
public final class SignatureBase {

    /**
     * Anything except printable ASCII and HTAB, which could forge a line or has no defined bytes.
     */
    private static final Pattern UNSAFE = Pattern.compile("[^\\x20-\\x7e\\t]");

    private SignatureBase() {
    }

    /**
     * One line {@code "name": value} for each component, the parameters last and as received, LF
     * between, none at the end.
     *
     * @param authority canonical, and from configuration: never the {@code Host} header
     * @throws AAuthException {@code missing_component} if a component is not in the message, cannot
     * be derived from it (only {@code @method}, {@code @authority}, {@code @path} and
     * {@code @query} can), or is not printable ASCII
     */
    public static String of(ReceivedRequest request, String authority, SignatureInput input) {
        StringBuilder base = new StringBuilder();
        for (String name : input.components()) {
            String value = name.startsWith("@") ? derived(name, request, authority) : request.headers().get(name);
            if (value == null) {
                throw new AAuthException(ErrorCode.MISSING_COMPONENT, "the message has no " + name);
            }
            requireSafe(name, value);
            base.append('"').append(name).append("\": ").append(value).append('\n');
        }
        requireSafe("@signature-params", input.raw());
        return base.append("\"@signature-params\": ").append(input.raw()).toString();
    }

    private static void requireSafe(String name, String value) {
        if (UNSAFE.matcher(value).find()) {
            throw new AAuthException(ErrorCode.MISSING_COMPONENT, name + " is not printable ASCII");
        }
    }

    private static String derived(String name, ReceivedRequest request, String authority) {
        return switch (name) {
            case "@method" -> request.method();
            case "@authority" -> authority;
            case "@path" -> request.path();
            // Without a question mark there is no query that a signature could cover.
            case "@query" -> request.query() == null ? null : "?" + request.query();
            default -> null;
        };
    }
}
