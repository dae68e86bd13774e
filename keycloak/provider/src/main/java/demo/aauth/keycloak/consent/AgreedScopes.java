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
 * Scopes that a person has agreed to, each until its time: one text of words
 * {@code <Unix seconds>:<scope>}, as a note of a session keeps it, oldest first.
 */
final class AgreedScopes {

    /**
     * Text of scopes that is remembered, four requests' at least; beyond it the oldest scopes are
     * asked again.
     */
    static final int MAX_CHARACTERS = 4 * KeptText.MAX_LENGTH;

    /** As many as fit into the longest request. Each takes room for its time, too. */
    static final int MAX_SCOPES = KeptText.MAX_LENGTH / 2;

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
        for (String scope : scopes) {
            // Agreed to again, it is one of the newest.
            untilByScope.remove(scope);
            untilByScope.put(scope, untilSeconds);
        }
        return this;
    }

    /** When all of it is over, Unix seconds; 0 for none. */
    long untilSeconds() {
        return untilByScope.values().stream().mapToLong(Long::longValue).max().orElse(0);
    }

    /** Without those whose time is over, and no more than there is room for. */
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
