package demo.aauth.keycloak.support;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.discovery.Discovery;
import demo.aauth.keycloak.discovery.DocumentTransport;
import demo.aauth.keycloak.encoding.Json;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Parties that publish documents, without a network: what is fetched is remembered. */
public final class FakeWorld implements DocumentTransport {

    public long now = 1_730_217_600;
    /** Addresses that were fetched, in order. */
    public final List<String> fetched = new ArrayList<>();
    private final Map<String, String> documents = new HashMap<>();
    private final Map<String, Exception> failures = new HashMap<>();
    private final Discovery discovery = new Discovery(this, false, () -> now);

    public Discovery discovery() {
        return discovery;
    }

    /** @param kind {@code agent}, {@code resource} or {@code issuer} */
    public void publish(String kind, String id, String kid, ObjectNode... jwks) {
        ObjectNode document = Json.object().put(kind, id).put("jwks_uri", id + "/jwks.json");
        documents.put(id + "/.well-known/aauth-" + kind, document.toString());
        ObjectNode keys = Json.object();
        var array = keys.putArray("keys");
        for (ObjectNode jwk : jwks) {
            array.add(jwk.deepCopy().put("kid", kid));
        }
        documents.put(id + "/jwks.json", keys.toString());
    }

    public void put(String address, String document) {
        documents.put(address, document);
    }

    /**
     * @param failure an {@link IOException}, or a {@link RuntimeException} such as the network
     * guard's
     */
    public void fail(String address, Exception failure) {
        failures.put(address, failure);
    }

    @Override
    public Fetched fetch(URI uri) throws IOException {
        fetched.add(uri.toString());
        Exception failure = failures.get(uri.toString());
        if (failure instanceof IOException unreadable) {
            throw unreadable;
        }
        if (failure instanceof RuntimeException refused) {
            throw refused;
        }
        String document = documents.get(uri.toString());
        return document == null
                ? new Fetched(404, new byte[0])
                : new Fetched(200, document.getBytes(StandardCharsets.UTF_8));
    }
}
