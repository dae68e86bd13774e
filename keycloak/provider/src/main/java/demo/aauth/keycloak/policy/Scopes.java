package demo.aauth.keycloak.policy;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/** Space-separated scopes as they are compared: as words, each once, in the order given. */
public final class Scopes {

    private static final int MAX_LENGTH = 2_048;
    /**
     * RFC 6749 section 3.3, with one space between two. Nothing in it can change how a page or a
     * log looks that shows it.
     */
    private static final Pattern LIST =
            Pattern.compile("[\\x21\\x23-\\x5b\\x5d-\\x7e]++(?: [\\x21\\x23-\\x5b\\x5d-\\x7e]++)*+");

    private Scopes() {
    }

    /** @param scope null means none */
    public static List<String> words(String scope) {
        return scope == null
                ? List.of()
                : Arrays.stream(scope.split(" ")).filter(word -> !word.isEmpty()).distinct().toList();
    }

    /**
     * False for what is no list of scopes, or too long a one: what is granted is kept, written into
     * tokens, and shown to people.
     */
    public static boolean isList(String scope) {
        return scope.length() <= MAX_LENGTH && LIST.matcher(scope).matches();
    }

    public static String join(List<String> words) {
        return String.join(" ", words);
    }
}
