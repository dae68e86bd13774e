package demo.aauth.keycloak.policy;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/** Space-separated scopes, compared as words, without duplicates and in the given order. */
public final class Scopes {

    private static final int MAX_LENGTH = 2_048;
    /**
     * RFC 6749 section 3.3, separated by single spaces. Contains no character that could alter a
     * page or a log.
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
     * Whether the text is a list of scopes within the length limit, because granted scopes are
     * stored, written to tokens and shown to people.
     */
    public static boolean isList(String scope) {
        return scope.length() <= MAX_LENGTH && LIST.matcher(scope).matches();
    }

    public static String join(List<String> words) {
        return String.join(" ", words);
    }
}
