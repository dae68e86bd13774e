package demo.aauth.keycloak.headers;

import demo.aauth.keycloak.encoding.StrictBase64;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Parses a structured field (RFC 8941) from left to right. Stricter than the RFC: duplicate keys
 * are refused instead of the last one being used. Errors have the code that the parser was created
 * with.
 */
final class StructuredField {

    /** A key of RFC 8941 section 3.1.2: the label of a signature. */
    static final String KEY = "[a-z*][a-z0-9_.*-]*+";

    private static final Pattern KEY_TOKEN = Pattern.compile(KEY);
    private static final Pattern NUMBER = Pattern.compile("-?(?:[0-9]{1,12}\\.[0-9]{1,3}|[0-9]{1,15})(?![0-9.])");
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*+");
    private static final Pattern BYTES = Pattern.compile(":([A-Za-z0-9+/=]*+):");
    private static final Pattern BOOLEAN = Pattern.compile("\\?[01]");

    private final String text;
    private final ErrorCode code;
    private int position;

    StructuredField(String text, ErrorCode code) {
        this.text = text;
        this.code = code;
    }

    /** A parameter: its serialized form, and its value if it is a string. */
    record Parameter(String written, String value) {
    }

    boolean atEnd() {
        return position == text.length();
    }

    /** The unread rest. */
    String rest() {
        return text.substring(position);
    }

    String key() {
        return expect(KEY_TOKEN, "a name");
    }

    void expect(char character) {
        if (!accept(character)) {
            throw error("'" + character + "' is missing");
        }
    }

    boolean accept(char character) {
        boolean there = position < text.length() && text.charAt(position) == character;
        if (there) {
            position++;
        }
        return there;
    }

    /** Optional whitespace: SP and HTAB. */
    void skipWhiteSpace() {
        while (accept(' ') || accept('\t')) {
            continue;
        }
    }

    private boolean acceptSpaces() {
        int start = position;
        while (accept(' ')) {
            continue;
        }
        return position > start;
    }

    /** {@code ("a" "b")} to its strings. Parameters of items are not supported and are refused. */
    List<String> stringList() {
        List<String> strings = new ArrayList<>();
        expect('(');
        boolean separated = true;
        while (true) {
            separated |= acceptSpaces();
            if (accept(')')) {
                return strings;
            }
            if (!separated) {
                throw error("list items are not separated");
            }
            strings.add(string());
            separated = false;
        }
    }

    /** {@code ;a=1;b}, up to the end of the text or of the parameters. */
    Map<String, Parameter> parameters() {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        while (accept(';')) {
            acceptSpaces();
            String name = key();
            if (parameters.put(name, accept('=') ? bareItem() : new Parameter("?1", "?1")) != null) {
                throw error("a parameter appears twice");
            }
        }
        return parameters;
    }

    /** {@code :base64:}, canonical and padded. */
    byte[] byteSequence() {
        String written = expect(BYTES, "a byte sequence");
        byte[] bytes = StrictBase64.decode(written.substring(1, written.length() - 1));
        if (bytes == null) {
            throw error("a byte sequence is not base64");
        }
        return bytes;
    }

    private Parameter bareItem() {
        for (Pattern pattern : List.of(NUMBER, TOKEN, BOOLEAN)) {
            String written = match(pattern);
            if (written != null) {
                return new Parameter(written, written);
            }
        }
        int start = position;
        if (position < text.length() && text.charAt(position) == '"') {
            String value = string();
            return new Parameter(text.substring(start, position), value);
        }
        byteSequence();
        String written = text.substring(start, position);
        return new Parameter(written, written);
    }

    private String expect(Pattern pattern, String what) {
        String found = match(pattern);
        if (found == null) {
            throw error(what + " is missing or malformed");
        }
        return found;
    }

    private String match(Pattern pattern) {
        Matcher matcher = pattern.matcher(text).region(position, text.length());
        if (!matcher.lookingAt()) {
            return null;
        }
        position = matcher.end();
        return matcher.group();
    }

    /**
     * A quoted string. Parsed by hand, because a pattern with an alternative in a loop uses a stack
     * frame per character.
     */
    private String string() {
        expect('"');
        StringBuilder value = new StringBuilder();
        while (!accept('"')) {
            boolean escaped = accept('\\');
            char character = atEnd() ? '\0' : text.charAt(position++);
            boolean special = character == '"' || character == '\\';
            if (character < ' ' || character > '~' || escaped != special) {
                throw error("a string is malformed");
            }
            value.append(character);
        }
        return value.toString();
    }

    AAuthException error(String reason) {
        return new AAuthException(code, "not a structured field: " + reason);
    }
}
