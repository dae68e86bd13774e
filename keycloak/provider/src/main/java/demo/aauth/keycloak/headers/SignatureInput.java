package demo.aauth.keycloak.headers;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Parsed {@code Signature-Input}: what the caller claims to have signed (RFC 9421 section 4.1).
 *
 * @param components names in the order in which they enter the signature base; none twice, none
 * with parameters
 * @param created Unix seconds; null when missing or not an integer
 * @param expires Unix seconds; null when missing
 * @param algorithm the {@code alg} parameter; null when missing
 * @param raw the received text after {@code label=}: what {@code @signature-params} stands for,
 * byte for byte
 */
public record SignatureInput(
        String label, List<String> components, Long created, Long expires, String algorithm, String raw) {

    private static final ErrorCode CODE = ErrorCode.MALFORMED_SIGNATURE_INPUT;
    /** A field name in lower case (RFC 9110 section 5.6.2), or a derived component. */
    private static final Pattern COMPONENT = Pattern.compile("@[a-z-]+|[a-z0-9!#$%&'*+.^_`|~-]+");
    private static final Pattern INTEGER = Pattern.compile("-?[0-9]{1,15}");

    /**
     * Parses a header with exactly one member. Does not check coverage or time.
     *
     * @throws AAuthException {@code malformed_signature_input}: another grammar, a second member, a
     *         component or parameter that appears twice, a component with parameters, a non-integer
     *         {@code expires}; {@code header_too_large}
     */
    public static SignatureInput parse(String value) {
        HeaderFields.requireBounded("Signature-Input", value);
        StructuredField field = new StructuredField(HeaderFields.trim(value), CODE);
        String label = field.key();
        field.expect('=');
        String raw = field.rest();
        List<String> components = field.stringList();
        Map<String, StructuredField.Parameter> parameters = field.parameters();
        if (!field.atEnd()) {
            throw field.error("text after the member");
        }
        requireComponents(components);
        Long expires = integer(parameters.get("expires"));
        if (expires == null && parameters.containsKey("expires")) {
            throw new AAuthException(CODE, "expires is not an integer");
        }
        StructuredField.Parameter algorithm = parameters.get("alg");
        return new SignatureInput(label, List.copyOf(components), integer(parameters.get("created")), expires,
                algorithm == null ? null : algorithm.value(), raw);
    }

    private static void requireComponents(List<String> components) {
        for (String name : components) {
            if (!COMPONENT.matcher(name).matches() || name.equals("@signature-params")) {
                throw new AAuthException(CODE, "a component is not a lower-case field name or derived component");
            }
        }
        if (new HashSet<>(components).size() != components.size()) {
            throw new AAuthException(CODE, "a component is named twice");
        }
    }

    private static Long integer(StructuredField.Parameter parameter) {
        return parameter != null && INTEGER.matcher(parameter.written()).matches() ? Long.valueOf(parameter.written()) : null;
    }
}
