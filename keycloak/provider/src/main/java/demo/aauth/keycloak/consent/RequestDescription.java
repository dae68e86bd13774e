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
 * Description of a request on the consent page. Identifiers are verified; names and descriptions
 * are the parties' own.
 *
 * @param agentDelegate the agent's name for its delegate, or null if the agent itself asks
 * @param agentName null if the agent publishes no name
 * @param scopes scopes with the resource's descriptions, if any
 * @param identityScopes scopes about the person's identity, which mean the same everywhere, so only
 * this server describes them
 * @param returnsTo host that the person returns to, without user information
 */
record RequestDescription(
        String agentDelegate, String agentName, List<Scope> scopes, List<IdentityScope> identityScopes, String returnsTo) {

    private static final int MAX_TEXT_LENGTH = 160;
    /** Shown for a delegate whose name has no visible character. */
    private static final String NOTHING_TO_READ = "…";

    /** @param description the resource's description, or null */
    record Scope(String name, String description) {
    }

    /**
     * Collects the parties' own descriptions. A party whose metadata cannot be read is shown by its
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

    /** One line of text without control characters and direction marks; null for no text. */
    private static String displayText(String text) {
        String line = text == null ? "" : text.replaceAll("[\\p{Cc}\\p{Cf}\\p{Z}\\s]+", " ").trim();
        if (line.length() > MAX_TEXT_LENGTH) {
            return line.substring(0, MAX_TEXT_LENGTH) + "…";
        }
        return line.isEmpty() ? null : line;
    }
}
