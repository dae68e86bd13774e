package demo.aauth.keycloak.requester;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.headers.HeaderFields;
import demo.aauth.keycloak.signing.ReceivedRequest;
import demo.aauth.keycloak.signing.SignatureVerifier;
import demo.aauth.keycloak.signing.Requester;
import demo.aauth.keycloak.support.FakeWorld;
import demo.aauth.keycloak.support.RecordedSpan;
import demo.aauth.keycloak.support.SignedRequest;
import demo.aauth.keycloak.support.TestKey;
import demo.aauth.keycloak.tokens.TokenVerifier;
import demo.aauth.keycloak.tracing.RequestSpan;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class RequesterVerifierTest {

    private static final String ISSUER = "https://auth.example/realms/test";
    private static final String AGENT = "https://agent.example";
    /** Its signatures need not cover the body. */
    private static final String PEER = "https://published.example";

    private final FakeWorld world = new FakeWorld();
    private final TestKey key = TestKey.generate();
    private final TestKey realmKey = TestKey.generate();
    private final RecordedSpan span = new RecordedSpan();
    private final RequesterVerifier verifier = new RequesterVerifier(
            new SignatureVerifier("auth.example", (nonce, seconds) -> true, () -> world.now),
            new TokenVerifier(ISSUER, world.discovery(),
                    kid -> "realm".equals(kid) ? Optional.of(realmKey.jwk()) : Optional.empty(), () -> world.now),
            world.discovery(), PEER::equals, new RequestSpan(span.span()));
    private final SignedRequest request = new SignedRequest(key, world.now);

    @BeforeEach
    void publish() {
        world.publish("agent", AGENT, "k", key.jwk());
    }

    private static void expect(int status, String error, String reasonCode, Executable attempt) {
        OAuthException refusal = assertThrows(OAuthException.class, attempt);
        assertEquals(List.of(status, error, reasonCode), List.of(refusal.status(), refusal.error(), refusal.reasonCode()));
    }

    private void expectUnproven(String reasonCode, String signatureKey) {
        request.signatureKey = signatureKey;
        expect(401, "invalid_signature", reasonCode, () -> verifier.verify(request.send()));
    }

    @Test
    void knowsWhoSigned() {
        assertFalse(verifier.verify(request.send()).identified());
        request.signatureKey = "(scheme=jwks id=\"" + AGENT + "\" kid=\"k\")";
        Requester requester = verifier.verify(request.send());
        assertEquals(AGENT, requester.agent());
        assertTrue(requester.identified());
    }

    @Test
    void knowsTheDelegateThatSigned() {
        TestKey owner = TestKey.generate();
        world.publish("agent", AGENT, "k", owner.jwk());
        ObjectNode claims = Json.object().put("iss", AGENT).put("sub", "worker-7").put("exp", world.now + 60);
        claims.putObject("cnf").set("jwk", key.jwk());
        ObjectNode header = Json.object().put("alg", "EdDSA").put("kid", "k").put("typ", "agent+jwt");
        request.signatureKey = "(scheme=jwt jwt=\"" + owner.token(header, claims) + "\")";
        assertEquals("worker-7", verifier.verify(request.send()).agentDelegate());
        claims.putObject("cnf").set("jwk", TestKey.generate().jwk());
        expectUnproven("invalid_signature", "(scheme=jwt jwt=\"" + owner.token(header, claims) + "\")");
    }

    @Test
    void saysThatThereIsNoAgent() {
        ReceivedRequest unsigned = new ReceivedRequest("POST", "/", null, new HeaderFields(Map.of()), new byte[0]);
        expect(401, "invalid_request", "missing_signature", () -> verifier.verify(unsigned));
    }

    /** Holes J18 and J19, and a metadata document by a name of the caller's choice. */
    @Test
    void fetchesNothingForSchemesThatProveNoIdentity() {
        expectUnproven("unsupported_scheme", "(scheme=jwks jwks=\"https://agent.example/jwks.json\" kid=\"k\")");
        expectUnproven("unsupported_scheme", "(scheme=x509 x5u=\"https://agent.example/cert.pem\" x5t=\"AAAA\")");
        expectUnproven("unsupported_scheme", "(scheme=jwks id=\"" + AGENT + "\" kid=\"k\" well-known=\"openid-configuration\")");
        expectUnproven("discovery_blocked", "(scheme=jwks id=\"" + AGENT + "/\" kid=\"k\")");
        assertTrue(world.fetched.isEmpty());
    }

    @Test
    void namesItsDocumentOrLeavesTheNameOut() {
        request.signatureKey = "(scheme=jwks id=\"" + AGENT + "\" kid=\"k\" well-known=\"aauth-agent\")";
        assertEquals(AGENT, verifier.verify(request.send()).agent());
    }

    /**
     * An agent that makes a new key at every start may reuse the old key id. A signature by neither
     * key identifies no agent.
     */
    @Test
    void looksAgainForAKeyThatCameFromTheCache() {
        TestKey old = TestKey.generate();
        String named = "(scheme=jwks id=\"" + AGENT + "\" kid=\"k\")";
        world.publish("agent", AGENT, "k", old.jwk());
        SignedRequest before = new SignedRequest(old, world.now);
        before.signatureKey = named;
        assertEquals(old.thumbprint(), verifier.verify(before.send()).thumbprint());
        world.publish("agent", AGENT, "k", key.jwk());
        request.signatureKey = named;
        assertEquals(key.thumbprint(), verifier.verify(request.send()).thumbprint());
        world.now += 10;
        int fetches = world.fetched.size();
        SignedRequest stranger = new SignedRequest(TestKey.generate(), world.now);
        stranger.signatureKey = named;
        expect(401, "invalid_signature", "invalid_signature", () -> verifier.verify(stranger.send()));
        assertEquals(fetches + 1, world.fetched.size());
    }

    /** A key that was just fetched is current: an untrusted caller cannot cause a second fetch. */
    @Test
    void doesNotLookAgainForAKeyThatWasJustFetched() {
        world.publish("agent", AGENT, "k", TestKey.generate().jwk());
        expectUnproven("invalid_signature", "(scheme=jwks id=\"" + AGENT + "\" kid=\"k\")");
        assertEquals(2, world.fetched.size());
    }

    @Test
    void aTokenOfAnotherTypeIdentifiesNobody() {
        ObjectNode claims = Json.object().put("iss", AGENT).put("sub", "worker-7").put("exp", world.now + 60);
        claims.putObject("cnf").set("jwk", key.jwk());
        for (String type : List.of("JWT", "resource+jwt", "refresh+jwt")) {
            String token = key.token(Json.object().put("alg", "EdDSA").put("kid", "k").put("typ", type), claims);
            expectUnproven("token_type_mismatch", "(scheme=jwt jwt=\"" + token + "\")");
        }
        assertTrue(world.fetched.isEmpty());
    }

    @Test
    void anAuthTokenIdentifiesNobody() {
        expectUnproven("untrusted_issuer", "(scheme=jwt jwt=\"" + upstream(AGENT, ISSUER) + "\")");
    }

    private String upstream(String audience, String issuer) {
        return upstream(audience, issuer, "https://caller.example");
    }

    private String upstream(String audience, String issuer, String caller) {
        ObjectNode claims = Json.object().put("exp", world.now + 60).put("iss", issuer).put("aud", audience)
                .put("agent", caller).put("scope", "read");
        claims.putObject("cnf").set("jwk", TestKey.generate().jwk());
        return realmKey.token(Json.object().put("alg", "EdDSA").put("kid", "realm").put("typ", "auth+jwt"), claims);
    }

    private String wish(String agent, String thumbprint) {
        return key.token(Json.object(), Json.object().put("agent", agent).put("agent_jkt", thumbprint));
    }

    private ExchangeRequester exchange(String upstream, String resourceToken) {
        request.signatureKey = "(scheme=jwt jwt=\"" + upstream + "\")";
        return verifier.verifyExchange(request.send(), resourceToken, List.of(ISSUER));
    }

    @Test
    void anExchangeIsSignedWithTheRequestersOwnKey() {
        ExchangeRequester exchange = exchange(upstream(AGENT, ISSUER), wish(AGENT, key.thumbprint()));
        assertEquals(AGENT, exchange.requester().agent());
        assertEquals("https://caller.example", exchange.upstream().agent());
    }

    @Test
    void anExchangeFindsAKeyThatWasRotatedIn() {
        world.publish("agent", AGENT, "old", TestKey.generate().jwk());
        world.discovery().agent(AGENT);
        expect(401, "invalid_signature", "unknown_key",
                () -> exchange(upstream(AGENT, ISSUER), wish(AGENT, key.thumbprint())));
        world.now += 10;
        world.publish("agent", AGENT, "new", key.jwk());
        SignedRequest later = new SignedRequest(key, world.now);
        later.signatureKey = "(scheme=jwt jwt=\"" + upstream(AGENT, ISSUER) + "\")";
        assertEquals(AGENT, verifier.verifyExchange(later.send(), wish(AGENT, key.thumbprint()), List.of(ISSUER)).requester().agent());
    }

    /** Each candidate costs a verification, and the publisher of a key set decides their number. */
    @Test
    void anExchangeTriesTenKeysAtMost() {
        ObjectNode[] keys = new ObjectNode[11];
        Arrays.fill(keys, key.jwk());
        // An eleventh that cannot even be read is not looked at.
        keys[10] = key.jwk().put("use", "enc");
        world.publish("agent", AGENT, "k", keys);
        assertEquals(AGENT, exchange(upstream(AGENT, ISSUER), wish(AGENT, key.thumbprint())).requester().agent());
    }

    @Test
    void anExchangeNeedsATokenForTheRequester() {
        expect(400, "invalid_grant", "token_audience_mismatch",
                () -> exchange(upstream("https://other.example", ISSUER), wish(AGENT, key.thumbprint())));
        expect(400, "invalid_request", "invalid_request", () -> {
            request.signatureKey = "(scheme=jwks id=\"" + AGENT + "\" kid=\"k\")";
            verifier.verifyExchange(request.send(), wish(AGENT, key.thumbprint()), List.of(ISSUER));
        });
        expect(400, "invalid_grant", "malformed_token", () -> exchange(upstream(AGENT, ISSUER), "no token"));
        expect(400, "invalid_grant", "token_claim_missing",
                () -> exchange(upstream(AGENT, ISSUER), key.token(Json.object(), Json.object())));
    }

    @Test
    void anExchangeNeedsAnAuthTokenAndASignatureKey() {
        ReceivedRequest unsigned = new ReceivedRequest("POST", "/", null, new HeaderFields(Map.of()), new byte[0]);
        expect(401, "invalid_request", "missing_signature",
                () -> verifier.verifyExchange(unsigned, wish(AGENT, key.thumbprint()), List.of(ISSUER)));
        String agentToken = key.token(Json.object().put("alg", "EdDSA").put("kid", "k").put("typ", "agent+jwt"), Json.object());
        expect(400, "invalid_request", "invalid_request", () -> exchange(agentToken, wish(AGENT, key.thumbprint())));
    }

    /** A thumbprint that is no text names no key, and two keys without one are not the same. */
    @Test
    void anExchangeNeedsAThumbprintThatNamesAKey() {
        world.publish("agent", AGENT, "k", key.jwk(), Json.object().put("kty", "unknown"));
        String nobodys = key.token(Json.object(), Json.object().put("agent", AGENT).put("agent_jkt", 7));
        expect(401, "invalid_signature", "unknown_key", () -> exchange(upstream(AGENT, ISSUER), nobodys));
    }

    /** Hole J3. */
    @Test
    void anExchangeFetchesNothingForAnIssuerThatIsNotTrusted() {
        expect(401, "invalid_signature", "untrusted_issuer",
                () -> exchange(upstream(AGENT, "https://attacker.example"), wish(AGENT, key.thumbprint())));
        assertTrue(world.fetched.isEmpty());
    }

    @Test
    void anExchangeSignedByAnybodyElseIsRefused() {
        TestKey other = TestKey.generate();
        world.publish("agent", AGENT, "k", other.jwk());
        expect(401, "invalid_signature", "invalid_signature",
                () -> exchange(upstream(AGENT, ISSUER), wish(AGENT, other.thumbprint())));
    }

    private SignedRequest asPublished(String signatureKey) {
        SignedRequest published = new SignedRequest(key, world.now);
        published.headers.remove("nonce");
        published.components = List.of("@method", "@authority", "@path", "signature-key");
        published.signatureKey = signatureKey;
        return published;
    }

    @Test
    void aPublishedPeerIsKnownByWhatTheMessageNames() {
        world.publish("agent", PEER, "k", key.jwk());
        Requester byId = verifier.verify(asPublished("(scheme=jwks id=\"" + PEER + "\" kid=\"k\")").send());
        assertEquals(PEER, byId.agent());
        assertFalse(byId.bodyBound());
        assertEquals("february-2026-published", span.attributes.get("aauth.verification.profile"));
        assertEquals(false, span.attributes.get("aauth.verification.body_bound"));
        assertEquals("skipped: the signature does not cover the body", verdictOf("content-digest"));
        ObjectNode claims = Json.object().put("iss", PEER).put("sub", "worker-7").put("exp", world.now + 60);
        claims.putObject("cnf").set("jwk", key.jwk());
        ObjectNode header = Json.object().put("alg", "EdDSA").put("kid", "k").put("typ", "agent+jwt");
        assertEquals(PEER, verifier.verify(asPublished("(scheme=jwt jwt=\"" + key.token(header, claims) + "\")").send()).agent());
        ExchangeRequester exchange = verifier.verifyExchange(
                asPublished("(scheme=jwt jwt=\"" + upstream(PEER, ISSUER) + "\")").send(), wish(PEER, key.thumbprint()), List.of(ISSUER));
        assertEquals(PEER, exchange.requester().agent());
        assertFalse(exchange.requester().bodyBound());
    }

    @Test
    void everybodyElseHasToCoverTheBody() {
        for (String claim : List.of("(scheme=jwks id=\"" + AGENT + "\" kid=\"k\")", new SignedRequest(key, world.now).signatureKey,
                "(scheme=jwt jwt=\"no token\")")) {
            OAuthException refusal = assertThrows(OAuthException.class, () -> verifier.verify(asPublished(claim).send()));
            assertEquals(List.of("insufficient_coverage", "the signature does not cover content-type, content-digest"),
                    List.of(refusal.reasonCode(), refusal.getMessage()));
        }
        expect(401, "invalid_signature", "insufficient_coverage", () -> verifier.verifyExchange(
                asPublished("(scheme=jwt jwt=\"" + upstream(AGENT, ISSUER, PEER) + "\")").send(), wish(AGENT, key.thumbprint()),
                List.of(ISSUER)));
    }

    /** SPEC 10.7 mode 2. */
    @Test
    void anAgentIsKnownByTheDocumentOfTheResourceThatItIs() {
        String resource = "https://resource.example";
        world.publish("resource", resource, "k", key.jwk());
        request.signatureKey = "(scheme=jwks id=\"" + resource + "\" kid=\"k\" well-known=\"aauth-resource\")";
        assertEquals(resource, verifier.verify(request.send()).agent());
        expectUnproven("discovery_failed", "(scheme=jwks id=\"" + resource + "\" kid=\"k\")");
        for (String name : List.of("aauth-issuer", "openid-configuration", "../x")) {
            expectUnproven("unsupported_scheme", "(scheme=jwks id=\"" + resource + "\" kid=\"k\" well-known=\"" + name + "\")");
        }
    }

    private String verdictOf(String check) {
        JsonNode checks = Json.parse(span.attributes.get("aauth.verification.checks").toString());
        for (JsonNode step : checks) {
            if (check.equals(Json.text(step, "name"))) {
                return Json.text(step, "verdict") + (step.has("reason") ? ": " + Json.text(step, "reason") : "");
            }
        }
        return null;
    }

    @Test
    void theSpanTellsWhoSignedAndWhichChecksWereMade() {
        request.signatureKey = "(scheme=jwks id=\"" + AGENT + "\" kid=\"k\")";
        verifier.verify(request.send());
        assertEquals("passed", span.attributes.get("aauth.verification.verdict"));
        assertEquals(AGENT, span.attributes.get("aauth.agent.id"));
        assertEquals("identified", span.attributes.get("aauth.agent.level"));
        assertEquals("february-2026", span.attributes.get("aauth.verification.profile"));
        assertEquals(true, span.attributes.get("aauth.verification.body_bound"));
        assertEquals("discovery", span.attributes.get("aauth.verification.key_source"));
        assertEquals(key.thumbprint(), span.attributes.get("aauth.verification.thumbprint"));
        assertEquals(world.now, span.attributes.get("aauth.verification.created"));
        assertTrue(span.attributes.get("aauth.verification.base").toString().contains("\"@authority\": auth.example\n"));
        assertEquals("skipped: scheme jwks has none", verdictOf("token"));
        assertEquals("passed", verdictOf("signature"));
        assertEquals("skipped: none is given", verdictOf("requirement"));
        assertEquals(List.of("aauth_signature_verified", "signature_only_accepted"), span.events);
    }

    @Test
    void theSpanTellsWhichCheckHasFailed() {
        request.signatureKey = "(scheme=jwks id=\"" + AGENT + "\" kid=\"k\")";
        world.publish("agent", AGENT, "k", TestKey.generate().jwk());
        expect(401, "invalid_signature", "invalid_signature", () -> verifier.verify(request.send()));
        assertEquals("refused", span.attributes.get("aauth.verification.verdict"));
        assertEquals("invalid_signature", span.attributes.get("aauth.error.code"));
        assertEquals("passed", verdictOf("key"));
        assertEquals("failed: the signature does not verify", verdictOf("signature"));
        assertEquals("skipped", verdictOf("content-digest"));
        assertEquals("ERROR: the signature does not verify", span.status);
        expectUnproven("unsupported_scheme", "(scheme=jwks jwks=\"https://agent.example/jwks.json\" kid=\"k\")");
        assertEquals("failed: a key set by URL proves no identity", verdictOf("key"));
        assertEquals("passed", verdictOf("created"));
    }

    @Test
    void theRefusalNamesTheCheckThatHasFailed() {
        request.signatureKey = "(scheme=jwks id=\"" + AGENT + "\" kid=\"other\")";
        OAuthException refusal = assertThrows(OAuthException.class, () -> verifier.verify(request.send()));
        assertEquals("code=unknown_key, check=key, section=\"profile 5.2\"", refusal.refusal());
        OAuthException ofExchange = assertThrows(OAuthException.class,
                () -> exchange(upstream(AGENT, ISSUER), wish(AGENT, TestKey.generate().thumbprint())));
        assertEquals("code=unknown_key, check=token, section=\"profile 5.2\"", ofExchange.refusal());
    }

    /** Readers of traces must not be able to act for an agent. */
    @Test
    void theSpanHasNoTokenAndNoSignature() {
        String upstream = upstream(AGENT, ISSUER);
        exchange(upstream, wish(AGENT, key.thumbprint()));
        String everything = span.attributes.toString();
        String[] parts = upstream.split("\\.");
        assertFalse(everything.contains(parts[2]));
        assertFalse(everything.contains(parts[1]));
        assertTrue(everything.contains("\"signature-key\": sig1=(scheme=jwt jwt=\"" + parts[0].substring(0, 12) + "…\")"));
        assertTrue(span.attributes.get("aauth.upstream_token").toString().startsWith("{\"kind\":\"auth+jwt\",\"id\":\""));
        assertEquals(true, span.attributes.get("auth.auth_token.verified"));
        assertEquals("passed", verdictOf("token"));
        for (Object value : span.attributes.values()) {
            assertTrue(String.valueOf(value).length() <= 8_193);
        }
    }

    @Test
    void anUpstreamTokenThatIsRefusedIsToldToo() {
        expect(401, "invalid_signature", "untrusted_issuer",
                () -> exchange(upstream(AGENT, "https://attacker.example"), wish(AGENT, key.thumbprint())));
        assertEquals("untrusted_issuer", span.attributes.get("aauth.error.code"));
        assertFalse(span.attributes.containsKey("aauth.verification.checks"));
    }
}
