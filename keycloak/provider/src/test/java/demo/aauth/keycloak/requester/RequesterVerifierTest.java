package demo.aauth.keycloak.requester;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.headers.HeaderFields;
import demo.aauth.keycloak.signing.ReceivedRequest;
import demo.aauth.keycloak.signing.RequestGate;
import demo.aauth.keycloak.signing.Requester;
import demo.aauth.keycloak.support.FakeWorld;
import demo.aauth.keycloak.support.SignedRequest;
import demo.aauth.keycloak.support.TestKey;
import demo.aauth.keycloak.tokens.TokenVerifier;
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

    private final FakeWorld world = new FakeWorld();
    private final TestKey key = TestKey.generate();
    private final TestKey realmKey = TestKey.generate();
    private final RequesterVerifier verifier = new RequesterVerifier(
            new RequestGate("auth.example", (nonce, seconds) -> true, () -> world.now),
            new TokenVerifier(ISSUER, world.discovery(),
                    kid -> "realm".equals(kid) ? Optional.of(realmKey.jwk()) : Optional.empty(), () -> world.now),
            world.discovery());
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
        expect(401, "invalid_request", "invalid_request", () -> verifier.verify(unsigned));
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
    void anAuthTokenIdentifiesNobody() {
        expectUnproven("untrusted_issuer", "(scheme=jwt jwt=\"" + upstream(AGENT, ISSUER) + "\")");
    }

    private String upstream(String audience, String issuer) {
        ObjectNode claims = Json.object().put("exp", world.now + 60).put("iss", issuer).put("aud", audience)
                .put("agent", "https://caller.example").put("scope", "read");
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

    /** Each candidate costs a verification, and whoever publishes a set decides how many there are. */
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
        expect(400, "invalid_grant", "invalid_grant", () -> exchange(upstream(AGENT, ISSUER), key.token(Json.object(), Json.object())));
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
}
