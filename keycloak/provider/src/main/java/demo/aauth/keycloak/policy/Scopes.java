package demo.aauth.keycloak.policy;

import java.util.Arrays;
import java.util.List;

/** Space-separated scopes as they are compared: as words, each once, in the order given. */
public final class Scopes {

    private Scopes() {
    }

    /** @param scope null means none */
    public static List<String> words(String scope) {
        return scope == null
                ? List.of()
                : Arrays.stream(scope.split(" ")).filter(word -> !word.isEmpty()).distinct().toList();
    }

    public static String join(List<String> words) {
        return String.join(" ", words);
    }
}
