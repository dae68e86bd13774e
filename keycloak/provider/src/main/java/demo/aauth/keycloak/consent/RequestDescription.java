package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.discovery.Discovery;
import demo.aauth.keycloak.encoding.HttpUrl;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.policy.IdentityScope;
import demo.aauth.keycloak.policy.Scopes;
import demo.aauth.keycloak.storage.ConsentRequest;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What the consent page shows of a request. Identifiers are proven; names and descriptions are what
 * the parties say.
 *
 * @param agentDelegate what the agent calls its delegate, or null when it asks itself
 * @param agentName null when the agent does not call itself anything
 * @param scopes that the resource words, or leaves without words
 * @param identityScopes about who the person is: they mean the same everywhere, so this server
 * words them and no resource may
 * @param returnsTo host that the person returns to, and nothing that stands before it
 */
record RequestDescription(
        String agentDelegate, String agentName, List<Scope> scopes, List<IdentityScope> identityScopes, String returnsTo) {

    private static final int MAX_TEXT_LENGTH = 160;
    /** For a name with nothing to read in it: that there is a delegate is shown all the same. */
    private static final String NOTHING_TO_READ = "…";

    /** @param description what the resource says, or null when it says nothing */
    record Scope(String name, String description) {
    }

    /**
     * Collects the parties' own words; a party that cannot be asked right now is shown by its
     * identifier.
     */
    static RequestDescription of(ConsentRequest request, Discovery discovery) {
        String agentDelegate = request.agentDelegate() == null
                ? null
                : Optional.ofNullable(displayText(request.agentDelegate())).orElse(NOTHING_TO_READ);
        String agentName = orNothing(() -> discovery.agent(request.agent())).map(agent -> displayText(agent.name())).orElse(null);
        Map<String, String> descriptions = orNothing(() -> discovery.resource(request.resource()))
                .map(resource -> resource.scopeDescriptions()).orElse(Map.of());
        List<String> words = Scopes.words(request.scope());
        List<Scope> scopes = words.stream().filter(word -> IdentityScope.of(word).isEmpty())
                .map(word -> new Scope(word, displayText(descriptions.get(word)))).toList();
        List<IdentityScope> identityScopes = words.stream().flatMap(word -> IdentityScope.of(word).stream()).toList();
        String returnsTo = HttpUrl.parse(request.redirectUri()).orElseThrow().authority();
        return new RequestDescription(agentDelegate, agentName, scopes, identityScopes, returnsTo);
    }

    private static <T> Optional<T> orNothing(Supplier<T> document) {
        try {
            return Optional.of(document.get());
        } catch (AAuthException unavailable) {
            return Optional.empty();
        }
    }

    /**
     * One line of text without control characters and without marks that change the direction of
     * what follows; null for no text.
     */
    private static String displayText(String text) {
        String line = text == null ? "" : text.replaceAll("[\\p{Cc}\\p{Cf}\\p{Z}\\s]+", " ").trim();
        if (line.length() > MAX_TEXT_LENGTH) {
            return line.substring(0, MAX_TEXT_LENGTH) + "…";
        }
        return line.isEmpty() ? null : line;
    }
}
