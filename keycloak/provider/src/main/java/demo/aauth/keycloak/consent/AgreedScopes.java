package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.policy.Scopes;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Scopes that a person has agreed to, each with an expiry, serialized for a session note as words
 * {@code <Unix seconds>:<scope>}, oldest first.
 */
final class AgreedScopes {

    /**
     * Length of the remembered scopes, enough for at least four requests. Beyond it, the user is
     * asked about the oldest scopes again.
     */
    static final int MAX_CHARACTERS = 4 * KeptText.MAX_LENGTH;

    /** As many as fit into a request of maximum length. Each also stores its expiry. */
    static final int MAX_SCOPES = KeptText.MAX_LENGTH / 2;

    private final Map<String, Long> untilByScope = new LinkedHashMap<>();

    /** @param note null for none; malformed entries are ignored */
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

    /** Adds these scopes. The others keep their expiry. */
    AgreedScopes with(List<String> scopes, long untilSeconds) {
        for (String scope : scopes) {
            // A scope agreed to again becomes one of the newest.
            untilByScope.remove(scope);
            untilByScope.put(scope, untilSeconds);
        }
        return this;
    }

    /** Latest expiry in Unix seconds; 0 for none. */
    long untilSeconds() {
        return untilByScope.values().stream().mapToLong(Long::longValue).max().orElse(0);
    }

    /** Excludes expired scopes, and any beyond the limits. */
    String toNote(long nowSeconds) {
        List<Map.Entry<String, Long>> newestFirst = new ArrayList<>(untilByScope.entrySet());
        Collections.reverse(newestFirst);
        newestFirst.removeIf(agreed -> nowSeconds >= agreed.getValue());
        Deque<String> words = new ArrayDeque<>();
        int characters = 0;
        for (Map.Entry<String, Long> agreed : newestFirst) {
            characters += agreed.getKey().length();
            if (characters > MAX_CHARACTERS || words.size() == MAX_SCOPES) {
                break;
            }
            words.addFirst(agreed.getValue() + ":" + agreed.getKey());
        }
        return String.join(" ", words);
    }
}
