package demo.aauth.keycloak.tracing;

import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Redacts and truncates text for traces, by the same rules as the demo's other services
 * (packages/protocol-trace), so that the records of both sides of a message can be compared.
 */
final class Cut {

    /** Limit on one text value, in characters. */
    static final int MAX_LENGTH = 8_192;
    /** Characters kept of a token, enough to recognize it. */
    private static final int TOKEN_LENGTH = 12;
    private static final String END = "…";

    private static final Pattern LEFT_OUT =
            Pattern.compile("token|key$|secret|credential|auth|cookie|session|password", Pattern.CASE_INSENSITIVE);
    private static final Pattern SHOWN = Pattern.compile("signature-key|agent-auth", Pattern.CASE_INSENSITIVE);
    private static final Pattern FORM_FIELD = Pattern.compile("((?:^|[?&#])(?:[a-z_]*token|code|[a-z_]*secret|api_?key|client_assertion"
            + "|code_verifier|password|jwt|id_token_hint|state)=)([^&#\\s\"]*)", Pattern.CASE_INSENSITIVE);
    /**
     * A compact JWS or JWE, whose header begins with {@code {"} and therefore encodes to
     * {@code eyJ}.
     */
    private static final Pattern COMPACT_TOKEN = Pattern.compile("\\beyJ[A-Za-z0-9_-]{9,}(?:\\.[A-Za-z0-9_-]*){0,4}");
    /** A line of a signature base for a header field. */
    private static final Pattern BASE_LINE = Pattern.compile("^(\"([\\w!#$%&'*+.^`|~-]+)\": ).*$", Pattern.MULTILINE);

    private Cut() {
    }

    /** Truncates a text that is too long; null stays null. */
    static String end(String text) {
        return text == null || text.length() <= MAX_LENGTH ? text : text.substring(0, MAX_LENGTH) + END;
    }

    /** Truncates every compact token in a text. */
    static String tokens(String text) {
        return COMPACT_TOKEN.matcher(text).replaceAll(token ->
                text.startsWith(END, token.end()) ? quote(token.group()) : quote(secret(token.group())));
    }

    /** Redacts a signature base in the same way as headers and URLs. */
    static String base(String base) {
        String lines = BASE_LINE.matcher(base).replaceAll(line -> quote(isLeftOut(line.group(2)) ? line.group(1) + END : line.group()));
        return end(tokens(FORM_FIELD.matcher(lines).replaceAll(Cut::field)));
    }

    private static String field(MatchResult field) {
        return quote(field.group(1) + (field.group(2).isEmpty() ? "" : secret(field.group(2))));
    }

    /** The beginning of a value, which is recognizable but useless as a credential. */
    private static String secret(String value) {
        return value.length() <= TOKEN_LENGTH + 4 ? END : value.substring(0, TOKEN_LENGTH) + END;
    }

    private static boolean isLeftOut(String name) {
        return LEFT_OUT.matcher(name).find() && !SHOWN.matcher(name).matches();
    }

    private static String quote(String text) {
        return Matcher.quoteReplacement(text);
    }
}
