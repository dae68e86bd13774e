package demo.aauth.keycloak.discovery;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.discovery.Discovery.Kind;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.support.FakeWorld;
import demo.aauth.keycloak.support.Refusal;
import demo.aauth.keycloak.support.TestKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class DiscoveryTest {

    private static final String AGENT = "https://agent.example";

    private final FakeWorld world = new FakeWorld();
    private final Discovery discovery = world.discovery();
    private final TestKey key = TestKey.generate();

    @Test
    void findsAKeyByTwoFetchesAndRemembersIt() {
        world.publish("agent", AGENT, "k", key.jwk());
        assertEquals(key.x(), discovery.key(Kind.AGENT, AGENT, "k").jwk().get("x").textValue());
        assertTrue(discovery.key(Kind.AGENT, AGENT, "k").fromCache());
        assertEquals(List.of(AGENT + "/.well-known/aauth-agent", AGENT + "/jwks.json"), world.fetched);
    }

    @Test
    void fetchesAgainForAnUnknownKeyThreeTimesThenNotForTenSeconds() {
        world.publish("agent", AGENT, "old", key.jwk());
        discovery.key(Kind.AGENT, AGENT, "old");
        world.publish("agent", AGENT, "new", key.jwk());
        assertEquals(key.x(), discovery.key(Kind.AGENT, AGENT, "new").jwk().get("x").textValue());
        int fetches = world.fetched.size();
        for (int attempt = 0; attempt < 5; attempt++) {
            Refusal.expect(ErrorCode.UNKNOWN_KEY, () -> discovery.key(Kind.AGENT, AGENT, "nobody's"));
        }
        assertEquals(fetches + DocumentCache.RELOAD_BURST - 1, world.fetched.size());
    }

    /** Without a name there has to be one key only. */
    @Test
    void choosesNoKeyAmongSeveral() {
        world.publish("agent", AGENT, "k", key.jwk(), TestKey.generate().jwk());
        Refusal.expect(ErrorCode.UNKNOWN_KEY, "no single key to choose", () -> discovery.key(Kind.AGENT, AGENT, null));
    }

    @Test
    void findsTheKeyThatHasTakenAName() {
        world.publish("agent", AGENT, "k", key.jwk());
        JsonNode old = discovery.key(Kind.AGENT, AGENT, "k").jwk();
        assertTrue(discovery.replacedKey(Kind.AGENT, AGENT, "k", old).isEmpty());
        TestKey successor = TestKey.generate();
        world.publish("agent", AGENT, "k", successor.jwk());
        assertEquals(successor.x(), discovery.replacedKey(Kind.AGENT, AGENT, "k", old).orElseThrow().get("x").textValue());
    }

    @Test
    void refusesADocumentThatNamesSomebodyElse() {
        world.put(AGENT + "/.well-known/aauth-agent", "{\"agent\":\"https://other.example\",\"jwks_uri\":\"https://other.example/j\"}");
        Refusal.expect(ErrorCode.METADATA_MISMATCH, () -> discovery.agent(AGENT));
        String other = "\":\"https://other.example\",\"jwks_uri\":\"https://other.example/j\"}";
        world.put(AGENT + "/.well-known/aauth-resource", "{\"resource" + other);
        Refusal.expect(ErrorCode.METADATA_MISMATCH, () -> discovery.resource(AGENT));
        world.put(AGENT + "/.well-known/aauth-issuer", "{\"issuer" + other);
        Refusal.expect(ErrorCode.METADATA_MISMATCH, () -> discovery.keys(Kind.ISSUER, AGENT));
        world.put("https://plain.example/.well-known/openid-configuration", "{\"issuer" + other);
        Refusal.expect(ErrorCode.METADATA_MISMATCH, () -> discovery.keys(Kind.ISSUER, "https://plain.example"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "null", "{}", "{\"agent\":\"https://agent.example\"}", "<html>",
        "{\"agent\":\"https://agent.example\",\"jwks_uri\":\"ftp://agent.example/j\"}",
        "{\"agent\":\"https://agent.example\",\"jwks_uri\":\"https://agent.example/j\",\"redirect_uris\":\"https://a.example\"}",
        "{\"agent\":\"https://agent.example\",\"jwks_uri\":\"https://agent.example/j\",\"redirect_uris\":[\"javascript:alert(1)\"]}",
        "{\"agent\":\"https://agent.example\",\"jwks_uri\":\"https://agent.example/j\"} {}"})
    void refusesDocumentsOfAnotherShape(String document) {
        world.put(AGENT + "/.well-known/aauth-agent", document);
        ErrorCode expected = document.equals("{}") ? ErrorCode.METADATA_MISMATCH : ErrorCode.DISCOVERY_FAILED;
        Refusal.expect(expected, () -> discovery.agent(AGENT));
    }

    @Test
    void readsWhatAConsentPageShows() {
        world.put(AGENT + "/.well-known/aauth-agent", "{\"agent\":\"" + AGENT + "\",\"jwks_uri\":\"https://keys.example/j\","
                + "\"name\":\"An agent\",\"redirect_uris\":[\"https://agent.example/cb\"],\"unknown\":1}");
        assertEquals(new AgentMetadata("https://keys.example/j", List.of("https://agent.example/cb"), "An agent"), discovery.agent(AGENT));
        world.put("https://r.example/.well-known/aauth-resource", "{\"resource\":\"https://r.example\","
                + "\"jwks_uri\":\"https://r.example/j\",\"scope_descriptions\":{\"read\":\"Read things\"}}");
        assertEquals(Map.of("read", "Read things"), discovery.resource("https://r.example").scopeDescriptions());
    }

    @Test
    void leavesUnusableKeysOut() {
        world.publish("agent", AGENT, "k", key.jwk());
        world.put(AGENT + "/jwks.json", "{\"keys\":[1,{\"kty\":\"oct\",\"kid\":\"k\"},{\"kty\":\"OKP\",\"kid\":\"k\",\"d\":\"x\"},"
                + "{\"kid\":\"k\"},{\"kty\":\"OKP\",\"kid\":7},{\"kty\":\"OKP\",\"kid\":\"k\",\"x\":\"good\"}]}");
        assertEquals("good", discovery.key(Kind.AGENT, AGENT, "k").jwk().get("x").textValue());
        assertEquals(1, discovery.keys(Kind.AGENT, AGENT).keys().size());
        assertEquals("good", discovery.key(Kind.AGENT, AGENT, null).jwk().get("x").textValue());
    }

    /** A key of which one word cannot be read could be meant for something else. */
    @ParameterizedTest
    @ValueSource(strings = {"\"use\":7", "\"use\":\"\"", "\"alg\":null", "\"crv\":[]", "\"key_ops\":\"verify\"", "\"key_ops\":[1]"})
    void leavesKeysOfAnotherShapeOut(String member) {
        world.publish("agent", AGENT, "k", key.jwk());
        world.put(AGENT + "/jwks.json", "{\"keys\":[{\"kty\":\"OKP\",\"kid\":\"k\",\"x\":\"x\"," + member + "}]}");
        assertTrue(discovery.keys(Kind.AGENT, AGENT).keys().isEmpty());
    }

    @Test
    void keepsOfAKeyWhatItIsAndWhatItIsFor() {
        world.publish("agent", AGENT, "k", key.jwk());
        String kept = "\"kid\":\"k\",\"kty\":\"EC\",\"use\":\"sig\",\"alg\":\"ES256\",\"crv\":\"P-256\",\"x\":\"x\",\"y\":\"y\","
                + "\"n\":\"n\",\"e\":\"e\"";
        world.put(AGENT + "/jwks.json", "{\"keys\":[{" + kept + ",\"x5c\":[\"MII\"],\"x5u\":\"https://a.example\",\"more\":{\"a\":[1]},"
                + "\"key_ops\":[\"sign\",\"verify\",\"more\"]},{" + kept + ",\"key_ops\":[\"sign\"]}]}");
        assertEquals(List.of("{" + kept + ",\"key_ops\":[\"verify\"]}", "{" + kept + ",\"key_ops\":[]}"),
                discovery.keys(Kind.AGENT, AGENT).keys().stream().map(JsonNode::toString).toList());
    }

    @Test
    void readsNoLongerKeySets() {
        ObjectNode[] hundred = new ObjectNode[100];
        Arrays.fill(hundred, key.jwk());
        world.publish("agent", AGENT, "k", hundred);
        assertEquals(100, discovery.keys(Kind.AGENT, AGENT).keys().size());
        world.publish("agent", "https://other.example", "k",
                Stream.concat(Arrays.stream(hundred), Stream.of(key.jwk())).toArray(ObjectNode[]::new));
        Refusal.expect(ErrorCode.DISCOVERY_FAILED, () -> discovery.keys(Kind.AGENT, "https://other.example"));
    }

    /** Hole J19, and every other way of making this server connect to where it should not. */
    @ParameterizedTest
    @ValueSource(strings = {"http://agent.example", "https://localhost", "https://agent.example/", "https://agent.example?x",
        "file:///etc", "https://user@agent.example"})
    void fetchesNothingFromForbiddenAddresses(String id) {
        Refusal.expect(ErrorCode.DISCOVERY_BLOCKED, () -> discovery.agent(id));
        assertTrue(world.fetched.isEmpty());
    }

    @Test
    void guardsTheAddressOfTheKeySetToo() {
        world.put(AGENT + "/.well-known/aauth-agent",
                "{\"agent\":\"" + AGENT + "\",\"jwks_uri\":\"https://localhost:8443/jwks.json\"}");
        Refusal.expect(ErrorCode.DISCOVERY_BLOCKED, () -> discovery.key(Kind.AGENT, AGENT, "k"));
        assertEquals(1, world.fetched.size());
    }

    /** A20: else a caller would learn which names lead into which networks. */
    @Test
    void howAFetchFailedIsForTheLogOnly() {
        world.fail("https://forbidden.example/.well-known/aauth-agent",
                new AAuthException(ErrorCode.DISCOVERY_BLOCKED, "address refused: it resolves to a forbidden network"));
        world.fail("https://unreachable.example/.well-known/aauth-agent", new ConnectException("Connection refused"));
        world.fail("https://unknown.example/.well-known/aauth-agent", new UnknownHostException("unknown.example"));
        world.put("https://html.example/.well-known/aauth-agent", "<html>");
        world.put("https://list.example/.well-known/aauth-agent", "[]");
        world.put("https://other.example/.well-known/aauth-agent", "{\"agent\":\"https://another.example\"}");
        Map<String, String> reasons = Map.of("forbidden", "forbidden network", "unreachable", "Connection refused", "unknown",
                "UnknownHostException", "html", "not JSON", "list", "not a JSON object", "other", "not the identity", "absent", "none");
        reasons.forEach((host, reason) -> {
            String address = "https://" + host + ".example";
            AAuthException failure = assertThrows(AAuthException.class, () -> discovery.agent(address));
            assertTrue(failure.getMessage().startsWith(address + "/.well-known/aauth-agent could not be read: "), failure.getMessage());
            assertTrue(failure.getMessage().contains(reason), failure.getMessage());
            assertEquals("the documents of a party that the message names could not be read",
                    OAuthException.unproven(failure).getMessage());
        });
    }

    /** A3: a realm's parties are read while unknown ones take every place. */
    @Test
    void thePartiesOfARealmAreReadBesideAnyNumberOfUnknownOnes() throws Exception {
        world.publish("agent", AGENT, "k", key.jwk());
        CountDownLatch mayEnd = new CountDownLatch(1);
        CountDownLatch started = new CountDownLatch(8);
        ExecutorService workers = Executors.newFixedThreadPool(8);
        Discovery slow = new Discovery(uri -> {
            if (uri.getHost().startsWith("silent")) {
                started.countDown();
                hold(mayEnd);
            }
            return world.fetch(uri);
        }, false, () -> world.now);
        try (slow) {
            for (int host = 0; host < 8; host++) {
                String silent = "https://silent" + host + ".example";
                workers.submit(() -> slow.agent(silent));
            }
            started.await();
            Refusal.expect(ErrorCode.DISCOVERY_BUSY, () -> slow.agent(AGENT));
            assertEquals(key.x(), slow.withListed(AGENT::equals).key(Kind.AGENT, AGENT, "k").jwk().get("x").textValue());
            // Once it has been read it needs no list.
            world.now += DocumentCache.CACHE_SECONDS;
            assertEquals(key.x(), slow.key(Kind.AGENT, AGENT, "k").jwk().get("x").textValue());
        } finally {
            mayEnd.countDown();
            workers.shutdownNow();
        }
    }

    /** A3: a worker is held no longer, not even where a name server never answers. */
    @Test
    @Timeout(20)
    void waitsThreeSecondsForAllItFetches() {
        CountDownLatch never = new CountDownLatch(1);
        world.publish("agent", AGENT, "k", key.jwk());
        try (Discovery slow = new Discovery(uri -> {
            if (uri.getPath().equals("/jwks.json")) {
                hold(never);
            }
            return world.fetch(uri);
        }, false, () -> world.now)) {
            long startedAt = System.nanoTime();
            Refusal.expect(ErrorCode.DISCOVERY_FAILED, () -> slow.key(Kind.AGENT, AGENT, "k"));
            long tookMs = (System.nanoTime() - startedAt) / 1_000_000;
            assertTrue(tookMs >= 2_900 && tookMs < 4_500, tookMs + " ms");
        }
    }

    private static void hold(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }
}
