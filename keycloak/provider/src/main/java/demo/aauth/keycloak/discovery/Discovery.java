package demo.aauth.keycloak.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.encoding.HttpUrl;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;

/**
 * Finds the metadata and keys of agents, resources and other issuers from their identifiers (profile 5.2). Does not judge whether an
 * identity is trusted: it answers for anyone who publishes a document. One for each server; its caches are bounded.
 *
 * <p>Every method throws an {@link AAuthException} of {@code discovery_blocked}, {@code discovery_failed}, {@code metadata_mismatch} or
 * {@code unknown_key}.
 */
public final class Discovery {

    /** Whose key is asked for. */
    public enum Kind {
        AGENT, RESOURCE, ISSUER
    }

    /** @param fromCache true when the key was not fetched just now, so that it may have been replaced since */
    public record DiscoveredKey(JsonNode jwk, boolean fromCache) {
    }

    private final DocumentTransport transport;
    private final boolean development;
    private final DocumentCache<AgentMetadata> agents;
    private final DocumentCache<ResourceMetadata> resources;
    private final DocumentCache<IssuerMetadata> issuers;
    private final Map<Kind, DocumentCache<KeySet>> keySets = new EnumMap<>(Kind.class);

    /** @param development allows {@code http} and connections to this machine, see {@link UrlGuard} */
    public Discovery(DocumentTransport transport, boolean development, LongSupplier nowSeconds) {
        this.transport = transport;
        this.development = development;
        agents = new DocumentCache<>(nowSeconds);
        resources = new DocumentCache<>(nowSeconds);
        issuers = new DocumentCache<>(nowSeconds);
        for (Kind kind : Kind.values()) {
            keySets.put(kind, new DocumentCache<>(nowSeconds));
        }
    }

    public AgentMetadata agent(String id) {
        return agents.get(id, () -> document(id, "aauth-agent", AgentMetadata::read)).value();
    }

    public ResourceMetadata resource(String id) {
        return resources.get(id, () -> document(id, "aauth-resource", ResourceMetadata::read)).value();
    }

    /** The whole key set. */
    public KeySet keys(Kind kind, String id) {
        return keySet(kind, id, false).value();
    }

    /**
     * The key named {@code kid}; where that is null, the only key of the set. An unknown {@code kid} makes the set be fetched again, at
     * most once for each 10 s, so that a rotated key is found at once.
     */
    public DiscoveredKey key(Kind kind, String id, String kid) {
        DocumentCache.Cached<KeySet> set = keySet(kind, id, false);
        Optional<JsonNode> jwk = set.value().choose(kid);
        if (jwk.isEmpty() && set.fromCache()) {
            set = keySet(kind, id, true);
            jwk = set.value().choose(kid);
        }
        boolean fromCache = set.fromCache();
        return jwk.map(found -> new DiscoveredKey(found, fromCache)).orElseThrow(() -> new AAuthException(
                ErrorCode.UNKNOWN_KEY, kid == null ? "no single key to choose" : "no key with this kid"));
    }

    /**
     * For a signature that did not verify with {@code refused}, a key that came from the cache: the key that is published under this
     * {@code kid} now, or nothing when it is still the same. Agents that make a new key at every start may give it the old name.
     */
    public Optional<JsonNode> replacedKey(Kind kind, String id, String kid, JsonNode refused) {
        return keySet(kind, id, true).value().choose(kid).filter(jwk -> !jwk.equals(refused));
    }

    private DocumentCache.Cached<KeySet> keySet(Kind kind, String id, boolean reload) {
        String address = keySetAddress(kind, id);
        DocumentCache<KeySet> cache = keySets.get(kind);
        return reload ? cache.reload(address, () -> fetchKeySet(address)) : cache.get(address, () -> fetchKeySet(address));
    }

    private String keySetAddress(Kind kind, String id) {
        return switch (kind) {
            case AGENT -> agent(id).jwksUri();
            case RESOURCE -> resource(id).jwksUri();
            case ISSUER -> issuers.get(id, () -> fetchIssuer(id)).value().jwksUri();
        };
    }

    private KeySet fetchKeySet(String address) {
        return KeySet.read(fetch(address).orElseThrow(() -> DocumentReader.failed("no key set")));
    }

    /** An issuer without an AAuth document, such as a plain OpenID provider, still publishes its keys. */
    private IssuerMetadata fetchIssuer(String id) {
        return fetch(wellKnown(id, "aauth-issuer"))
                .map(found -> IssuerMetadata.read(found, id))
                .orElseGet(() -> document(id, "openid-configuration", IssuerMetadata::read));
    }

    private <T> T document(String id, String name, BiFunction<JsonNode, String, T> read) {
        return read.apply(
                fetch(wellKnown(id, name)).orElseThrow(() -> DocumentReader.failed("no " + name + " document")), id);
    }

    /** The parsed document, or nothing when the server says that there is none. */
    private Optional<JsonNode> fetch(String address) {
        HttpUrl url = UrlGuard.guard(address, development);
        String origin = url.origin();
        DocumentTransport.Fetched fetched;
        try {
            fetched = transport.fetch(url.uri());
        } catch (IOException error) {
            throw new AAuthException(ErrorCode.DISCOVERY_FAILED, origin + " could not be read", error);
        }
        if (fetched.status() == 404) {
            return Optional.empty();
        }
        if (fetched.status() != 200) {
            throw DocumentReader.failed(origin + " answered with status " + fetched.status());
        }
        JsonNode document = Json.parse(fetched.body());
        if (document == null) {
            throw DocumentReader.failed(origin + " did not answer with JSON");
        }
        return Optional.of(document);
    }

    private static String wellKnown(String id, String name) {
        if (!Identifier.isCanonical(id)) {
            throw new AAuthException(ErrorCode.DISCOVERY_BLOCKED, "address refused: not a canonical identifier");
        }
        return id + "/.well-known/" + name;
    }
}
