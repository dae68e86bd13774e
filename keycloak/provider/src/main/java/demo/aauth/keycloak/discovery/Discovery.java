package demo.aauth.keycloak.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import demo.aauth.keycloak.discovery.DocumentCache.Lookup;
import demo.aauth.keycloak.encoding.HttpUrl;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import org.jboss.logging.Logger;

import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * Finds the metadata and keys of agents, resources and other issuers by their identifiers (profile
 * 5.2). Does not decide whether an identity is trusted: it works for anyone who publishes a
 * document. One per server, with bounded caches and bounded concurrent fetches ({@link Bulkhead}).
 *
 * <p>Every method throws an {@link AAuthException} of {@code discovery_blocked},
 * {@code discovery_failed}, {@code discovery_busy}, {@code metadata_mismatch} or
 * {@code unknown_key}. Messages contain addresses and reasons for the log;
 * {@link AAuthException#forCaller} is the message for callers.
 */
public final class Discovery implements AutoCloseable {

    private static final Logger LOG = Logger.getLogger(Discovery.class);
    /** Time that a caller waits for all fetches of one method call. */
    static final int DEADLINE_MS = 3_000;
    private static final int MAX_SHOWN_LENGTH = 200;

    /** Kind of party whose key is requested. */
    public enum Kind {
        AGENT, RESOURCE, ISSUER
    }

    /**
     * @param fromCache whether the key came from the cache, so that it may have been replaced since
     */
    public record DiscoveredKey(JsonNode jwk, boolean fromCache) {
    }

    private final DocumentTransport transport;
    private final boolean development;
    private final DocumentCache<AgentMetadata> agents;
    private final DocumentCache<ResourceMetadata> resources;
    private final DocumentCache<IssuerMetadata> issuers;
    private final Map<Kind, DocumentCache<KeySet>> keySets;
    private final Bulkhead bulkhead;
    private final Predicate<String> listed;

    /**
     * @param development allows {@code http} and connections to this machine, see {@link UrlGuard}
     */
    public Discovery(DocumentTransport transport, boolean development, LongSupplier nowSeconds) {
        this.transport = transport;
        this.development = development;
        this.bulkhead = new Bulkhead();
        this.listed = id -> false;
        agents = new DocumentCache<>(bulkhead, nowSeconds);
        resources = new DocumentCache<>(bulkhead, nowSeconds);
        issuers = new DocumentCache<>(bulkhead, nowSeconds);
        keySets = new EnumMap<>(Kind.class);
        for (Kind kind : Kind.values()) {
            keySets.put(kind, new DocumentCache<>(bulkhead, nowSeconds));
        }
    }

    private Discovery(Discovery shared, Predicate<String> listed) {
        transport = shared.transport;
        development = shared.development;
        bulkhead = shared.bulkhead;
        agents = shared.agents;
        resources = shared.resources;
        issuers = shared.issuers;
        keySets = shared.keySets;
        this.listed = listed;
    }

    /**
     * A view of this discovery for a realm whose policy lists some parties. Unknown parties cannot
     * block fetches of the listed ones.
     */
    public Discovery withListed(Predicate<String> listed) {
        return new Discovery(this, listed);
    }

    @Override
    public void close() {
        bulkhead.close();
    }

    public AgentMetadata agent(String id) {
        return agent(id, lookup(id));
    }

    public ResourceMetadata resource(String id) {
        return resources.get(id, lookup(id), () -> document(id, "aauth-resource", ResourceMetadata::read)).value();
    }

    /** The whole key set. */
    public KeySet keys(Kind kind, String id) {
        return keySet(kind, id, false).value();
    }

    /**
     * The key named {@code kid}; if that is null, the only key of the set. For an unknown
     * {@code kid} the set is fetched again, up to three times in a row and then once per 10 s, so
     * that a rotated key is found at once.
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
     * After a signature failed to verify with {@code refused}, a cached key, returns the key now
     * published under this {@code kid}, or nothing if it is unchanged. Agents that create a new key
     * at each start may reuse the old name.
     */
    public Optional<JsonNode> replacedKey(Kind kind, String id, String kid, JsonNode refused) {
        return keySet(kind, id, true).value().choose(kid).filter(jwk -> !jwk.equals(refused));
    }

    private DocumentCache.Cached<KeySet> keySet(Kind kind, String id, boolean reload) {
        Lookup lookup = lookup(id);
        String address = keySetAddress(kind, id, lookup);
        DocumentCache<KeySet> cache = keySets.get(kind);
        return reload
                ? cache.reload(address, lookup, () -> fetchKeySet(address))
                : cache.get(address, lookup, () -> fetchKeySet(address));
    }

    private String keySetAddress(Kind kind, String id, Lookup lookup) {
        return switch (kind) {
            case AGENT -> agent(id, lookup).jwksUri();
            case RESOURCE ->
                    resources.get(id, lookup, () -> document(id, "aauth-resource", ResourceMetadata::read)).value().jwksUri();
            case ISSUER -> issuers.get(id, lookup, () -> fetchIssuer(id)).value().jwksUri();
        };
    }

    private AgentMetadata agent(String id, Lookup lookup) {
        return agents.get(id, lookup, () -> document(id, "aauth-agent", AgentMetadata::read)).value();
    }

    /**
     * A key set is attributed to the party whose identifier led to it, whatever its host, because
     * any document can name any address.
     */
    private Lookup lookup(String id) {
        return new Lookup(id, listed.test(id), System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DEADLINE_MS));
    }

    private KeySet fetchKeySet(String address) {
        return read(address, KeySet::read).orElseThrow(() -> unreadable(address, "there is none"));
    }

    /**
     * Falls back for issuers without an AAuth document, such as plain OpenID providers, which also
     * publish keys.
     */
    private IssuerMetadata fetchIssuer(String id) {
        return read(wellKnown(id, "aauth-issuer"), found -> IssuerMetadata.read(found, id))
                .orElseGet(() -> document(id, "openid-configuration", IssuerMetadata::read));
    }

    private <T> T document(String id, String name, BiFunction<JsonNode, String, T> read) {
        String address = wellKnown(id, name);
        return read(address, found -> read.apply(found, id)).orElseThrow(() -> unreadable(address, "there is none"));
    }

    /** Content of the document, or nothing if the server answers that there is none. */
    private <T> Optional<T> read(String address, Function<JsonNode, T> read) {
        HttpUrl url = UrlGuard.guard(address, development);
        try {
            return fetch(url).map(read);
        } catch (IOException error) {
            throw unreadable(address, error.toString());
        } catch (AAuthException refusal) {
            throw unreadable(address, refusal);
        }
    }

    private Optional<JsonNode> fetch(HttpUrl url) throws IOException {
        DocumentTransport.Fetched fetched = transport.fetch(url.uri());
        if (fetched.status() == 404) {
            return Optional.empty();
        }
        if (fetched.status() != 200) {
            throw DocumentReader.failed("it was answered with status " + fetched.status());
        }
        JsonNode document = Json.parse(fetched.body());
        if (document == null) {
            throw DocumentReader.failed("it is not JSON");
        }
        return Optional.of(document);
    }

    private static AAuthException unreadable(String address, String reason) {
        return unreadable(address, DocumentReader.failed(reason));
    }

    /** Adds the address to the error and logs it, for operators who investigate a refused party. */
    private static AAuthException unreadable(String address, AAuthException cause) {
        String shown = address.replaceFirst("\\?.*", "");
        String message = shown.substring(0, Math.min(shown.length(), MAX_SHOWN_LENGTH)) + " could not be read: " + cause.getMessage();
        LOG.warnf("AAuth document %s", message);
        return new AAuthException(cause.code(), message, cause);
    }

    private static String wellKnown(String id, String name) {
        if (!Identifier.isCanonical(id)) {
            throw new AAuthException(ErrorCode.DISCOVERY_BLOCKED, "address refused: not a canonical identifier");
        }
        return id + "/.well-known/" + name;
    }
}
