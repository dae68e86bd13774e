package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.policy.Scopes;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Scopes that a person has agreed to, each until its time: one text of words {@code <Unix seconds>:<scope>}, as a note of a session
 * keeps it.
 */
final class AgreedScopes {

    private final Map<String, Long> untilByScope = new LinkedHashMap<>();

    /** @param note null for none; what is not in the form of this class counts for nothing */
    static AgreedScopes read(String note) {
        AgreedScopes agreed = new AgreedScopes();
        for (String word : Scopes.words(note)) {
            if (word.matches("[0-9]{1,15}:.+")) {
                int colon = word.indexOf(':');
                agreed.untilByScope.put(word.substring(colon + 1), Long.valueOf(word.substring(0, colon)));
            }
        }
        return agreed;
    }

    boolean covers(List<String> scopes, long nowSeconds) {
        return scopes.stream().allMatch(scope -> nowSeconds < untilByScope.getOrDefault(scope, 0L));
    }

    /** With these scopes too; the others keep their time. */
    AgreedScopes with(List<String> scopes, long untilSeconds) {
        scopes.forEach(scope -> untilByScope.put(scope, untilSeconds));
        return this;
    }

    /** Without those whose time is over. */
    String toNote(long nowSeconds) {
        return untilByScope.entrySet().stream()
                .filter(agreed -> nowSeconds < agreed.getValue())
                .map(agreed -> agreed.getValue() + ":" + agreed.getKey())
                .collect(Collectors.joining(" "));
    }
}
