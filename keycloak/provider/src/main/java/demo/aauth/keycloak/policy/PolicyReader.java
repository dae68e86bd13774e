package demo.aauth.keycloak.policy;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.discovery.Identifier;
import demo.aauth.keycloak.encoding.HttpUrl;
import demo.aauth.keycloak.encoding.Json;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Reads the policy from realm attributes, and ignores attributes without the {@code aauth.} prefix.
 * An absent consent list means the protocol's defaults, an explicit {@code []} no consent. A
 * malformed value is an error rather than an empty list, because an empty allow list means
 * "everyone" (hole J16).
 */
public final class PolicyReader {

    private static final String PREFIX = "aauth.";
    private static final Pattern POSITIVE = Pattern.compile("[1-9][0-9]{0,8}");

    private final Map<String, String> unread = new HashMap<>();
    private final List<String> problems = new ArrayList<>();

    private PolicyReader(Map<String, String> attributes) {
        attributes.forEach((name, value) -> {
            if (name.startsWith(PREFIX)) {
                unread.put(name, value);
            }
        });
    }

    /** @throws PolicyException that names every malformed or unknown attribute */
    public static Policy read(Map<String, String> attributes) {
        PolicyReader reader = new PolicyReader(attributes);
        Policy policy = new Policy(
                reader.flag("aauth.enabled", true),
                reader.words("aauth.allowed.agents", List.of()),
                reader.words("aauth.blocked.agents", List.of()),
                reader.words("aauth.self.agents", List.of()),
                reader.words("aauth.exchange.agents", List.of()),
                reader.identifiers("aauth.published.peers"),
                reader.words("aauth.allowed.scopes", List.of()),
                reader.words("aauth.trusted.issuers", List.of()),
                reader.words("aauth.consent.required.scopes", List.of("openid", "profile", "email")),
                reader.words("aauth.consent.required.scope.prefixes", List.of("user.", "profile.", "email.")),
                reader.origins("aauth.consent.form.origins"),
                reader.flag("aauth.exchange.enabled", true),
                reader.number("aauth.exchange.max.depth", 10, 20),
                reader.number("aauth.token.lifespan", 300, 86_400),
                reader.number("aauth.refresh.lifespan", 1_800, 31_536_000));
        new TreeSet<>(reader.unread.keySet()).forEach(name -> reader.problems.add(name + ": unknown attribute"));
        if (!reader.problems.isEmpty()) {
            throw new PolicyException(reader.problems);
        }
        return policy;
    }

    private boolean flag(String name, boolean absent) {
        String value = unread.remove(name);
        if (value != null && !value.equals("true") && !value.equals("false")) {
            problems.add(name + ": expected true or false");
        }
        return value == null ? absent : value.equals("true");
    }

    private int number(String name, int absent, int maximum) {
        String value = unread.remove(name);
        if (value == null) {
            return absent;
        }
        if (!POSITIVE.matcher(value).matches()) {
            problems.add(name + ": expected a positive whole number");
            return absent;
        }
        int number = Integer.parseInt(value);
        if (number > maximum) {
            problems.add(name + ": expected at most " + maximum);
        }
        return number;
    }

    /**
     * Origins, validated strictly because they are written to a header; null if there is no such
     * attribute.
     */
    private List<String> origins(String name) {
        List<String> origins = words(name, null);
        if (origins != null && !origins.stream().allMatch(PolicyReader::isOrigin)) {
            problems.add(name + ": expected origins, such as https://app.example");
        }
        return origins;
    }

    private static boolean isOrigin(String text) {
        return HttpUrl.parse(text).filter(url -> url.origin().equals(text)).isPresent();
    }

    /** Identifiers are compared as strings, so another spelling would match no agent. */
    private List<String> identifiers(String name) {
        List<String> identifiers = words(name, List.of());
        if (!identifiers.stream().allMatch(Identifier::isCanonical)) {
            problems.add(name + ": expected agent identifiers, such as https://agent.example");
        }
        return identifiers;
    }

    private List<String> words(String name, List<String> absent) {
        String value = unread.remove(name);
        if (value == null) {
            return absent;
        }
        JsonNode list = Json.parse(value);
        List<String> words = new ArrayList<>();
        if (list != null && list.isArray()) {
            list.forEach(item -> words.add(item.isTextual() && !item.textValue().isEmpty() ? item.textValue() : null));
        }
        if (list == null || !list.isArray() || words.contains(null)) {
            problems.add(name + ": expected a JSON array of non-empty strings");
            return absent;
        }
        return List.copyOf(words);
    }
}
