package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.discovery.Discovery;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.policy.IdentityScope;
import demo.aauth.keycloak.policy.Scopes;
import demo.aauth.keycloak.storage.ConsentRequest;

import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What the consent page shows of a request. Identifiers are proven; name and descriptions are what the parties say.
 *
 * @param agentName null when the agent does not call itself anything
 * @param scopes each with its description, or without; identity scopes mean the same everywhere, so no resource may word those
 * @param returnsTo host that the person returns to
 */
record RequestDescription(String agentName, List<Scope> scopes, String returnsTo) {

    private static final int MAX_TEXT_LENGTH = 160;

    /** @param description what the resource says, or null when it says nothing */
    record Scope(String name, Optional<IdentityScope> identity, String description) {
    }

    /** Collects the parties' own words; a party that cannot be asked right now is shown by its identifier. */
    static RequestDescription of(ConsentRequest request, Discovery discovery) {
        String agentName = orNothing(() -> discovery.agent(request.agent())).map(agent -> displayText(agent.name())).orElse(null);
        Map<String, String> descriptions = orNothing(() -> discovery.resource(request.resource()))
                .map(resource -> resource.scopeDescriptions()).orElse(Map.of());
        List<Scope> scopes = Scopes.words(request.scope()).stream()
                .map(scope -> new Scope(scope, IdentityScope.of(scope), displayText(descriptions.get(scope))))
                .toList();
        return new RequestDescription(agentName, scopes, URI.create(request.redirectUri()).getRawAuthority());
    }

    private static <T> Optional<T> orNothing(Supplier<T> document) {
        try {
            return Optional.of(document.get());
        } catch (AAuthException unavailable) {
            return Optional.empty();
        }
    }

    /** One line of text without control characters and without marks that change the direction of what follows; null for no text. */
    private static String displayText(String text) {
        String line = text == null ? "" : text.replaceAll("[\\p{Cc}\\p{Cf}\\p{Z}\\s]+", " ").trim();
        if (line.length() > MAX_TEXT_LENGTH) {
            return line.substring(0, MAX_TEXT_LENGTH) + "…";
        }
        return line.isEmpty() ? null : line;
    }
}
