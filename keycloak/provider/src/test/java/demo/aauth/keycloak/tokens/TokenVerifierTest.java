package demo.aauth.keycloak.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.discovery.Discovery;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.encoding.StrictBase64;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.support.FakeWorld;
import demo.aauth.keycloak.support.Refusal;
import demo.aauth.keycloak.support.TestKey;
import demo.aauth.keycloak.support.Vectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class TokenVerifierTest {

    private static final String ISSUER = "https://auth.example/realms/test";
    private static final String AGENT = "https://agent.example";
    private static final String RESOURCE = "https://resource.example";

    private final FakeWorld world = new FakeWorld();
    private final TestKey owner = TestKey.generate();
    private final TestKey agentKey = TestKey.generate();
    private final TokenVerifier verifier = new TokenVerifier(ISSUER, world.discovery(),
            kid -> "realm-key".equals(kid) ? Optional.of(owner.jwk()) : Optional.empty(), () -> world.now);

    private ObjectNode header(String type) {
        return Json.object().put("alg", "EdDSA").put("kid", "k").put("typ", type);
    }

    @Nested
    class ResourceTokens {

        private final ObjectNode claims = Json.object().put("iss", RESOURCE).put("aud", ISSUER).put("agent", AGENT)
                .put("agent_jkt", agentKey.thumbprint()).put("exp", world.now + 300).put("scope", "read write");

        @BeforeEach
        void publish() {
            world.publish("resource", RESOURCE, "k", owner.jwk());
        }

        private ResourceToken verify(String token) {
            return verifier.verifyResourceToken(token, AGENT, agentKey.thumbprint());
        }

        private void expect(ErrorCode code) {
            Refusal.expect(code, () -> verify(owner.token(header(TokenType.RESOURCE), claims)));
        }

        @Test
        void theHonestTokenPasses() {
            assertEquals(new ResourceToken(RESOURCE, "read write"), verify(owner.token(header(TokenType.RESOURCE), claims)));
        }

        /** Hole J1. */
        @Test
        void refusesASignatureOfSomebodyElse() {
            Refusal.expect(ErrorCode.INVALID_TOKEN_SIGNATURE,
                    () -> verify(TestKey.generate().token(header(TokenType.RESOURCE), claims)));
        }

        @Test
        void refusesNoSignatureAtAll() {
            String token = owner.token(header(TokenType.RESOURCE), claims);
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify(token.substring(0, token.lastIndexOf('.') + 1)));
            Refusal.expect(ErrorCode.TOKEN_ALGORITHM_NOT_ALLOWED,
                    () -> verify(owner.token(header(TokenType.RESOURCE).put("alg", "none"), claims)));
            Refusal.expect(ErrorCode.TOKEN_ALGORITHM_NOT_ALLOWED,
                    () -> verify(owner.token(header(TokenType.RESOURCE).put("alg", "HS256"), claims)));
        }

        @ParameterizedTest
        @ValueSource(strings = {"iss", "aud", "agent", "agent_jkt", "exp", "scope"})
        void refusesAMissingClaim(String name) {
            claims.remove(name);
            expect(ErrorCode.TOKEN_CLAIM_MISSING);
        }

        @Test
        void refusesWhatIsMeantForSomebodyElse() {
            claims.put("aud", ISSUER + "/");
            expect(ErrorCode.TOKEN_AUDIENCE_MISMATCH);
            claims.put("aud", ISSUER).put("agent", AGENT + "/");
            expect(ErrorCode.TOKEN_AGENT_MISMATCH);
            claims.put("agent", AGENT).put("agent_jkt", owner.thumbprint());
            expect(ErrorCode.TOKEN_KEY_MISMATCH);
        }

        @Test
        void refusesOtherTimes() {
            claims.put("exp", world.now);
            expect(ErrorCode.TOKEN_EXPIRED);
            claims.put("exp", world.now + 605);
            verify(owner.token(header(TokenType.RESOURCE), claims));
            claims.put("exp", world.now + 606);
            expect(ErrorCode.MALFORMED_TOKEN);
            claims.put("exp", world.now + 300).put("iat", world.now + 5);
            verify(owner.token(header(TokenType.RESOURCE), claims));
            claims.put("iat", world.now + 6);
            expect(ErrorCode.TOKEN_NOT_YET_VALID);
            claims.put("iat", String.valueOf(world.now));
            expect(ErrorCode.MALFORMED_TOKEN);
        }

        @Test
        void refusesOtherTypesAndCriticalExtensions() {
            Refusal.expect(ErrorCode.TOKEN_TYPE_MISMATCH, () -> verify(owner.token(header("JWT"), claims)));
            Refusal.expect(ErrorCode.TOKEN_TYPE_MISMATCH, () -> verify(owner.token(header(TokenType.AUTH), claims)));
            ObjectNode critical = header(TokenType.RESOURCE);
            critical.putArray("crit").add("b64");
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify(owner.token(critical, claims)));
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "a", "a.b", "a.b.c", "e30.e30.", "e30.e30.AAAA.AAAA", "e31.e30.AAAA", "bnVsbA.e30.AAAA"})
        void refusesWhatIsNoToken(String token) {
            Refusal.expect(token.equals("e30.e30.AAAA") ? ErrorCode.TOKEN_TYPE_MISMATCH : ErrorCode.MALFORMED_TOKEN,
                    () -> verify(token));
        }

        @Test
        void refusesMembersThatAppearTwice() {
            String twice = "{\"iss\":\"" + RESOURCE + "\",\"iss\":\"https://other.example\"}";
            String part = StrictBase64.encodeUrl(twice.getBytes(StandardCharsets.UTF_8));
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify("e30." + part + ".AAAA"));
        }

        /** The limit is the size of the largest header. */
        @Test
        void refusesATokenThatIsTooLong() {
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, "the token is too large", () -> verify("a".repeat(16_385)));
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, "the token is not a compact JWS", () -> verify("a".repeat(16_384)));
        }

        /** The words of the TypeScript library. */
        @Test
        void saysWhatIsWrongWithAPart() {
            String deep = "{\"a\":".repeat(64) + "{}" + "}".repeat(64);
            for (String payload : List.of("[]", "null", "no", "{\"a\":1,\"a\":1}", "{} {}", deep)) {
                Refusal.expect(ErrorCode.MALFORMED_TOKEN, "the payload is not a JSON object with each name once",
                        () -> verify("e30." + StrictBase64.encodeUrl(payload.getBytes(StandardCharsets.UTF_8)) + ".AAAA"));
            }
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, "the payload is not UTF-8", () -> verify("e30._w.AAAA"));
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, "the header is not base64url", () -> verify("e3.e30.AAAA"));
        }

        /**
         * An empty key id is a key id that no key has. Only a header without one selects the only
         * key.
         */
        @Test
        void looksAnEmptyKeyIdUp() {
            ObjectNode header = header(TokenType.RESOURCE);
            header.remove("kid");
            verify(owner.token(header, claims));
            Refusal.expect(ErrorCode.UNKNOWN_KEY, () -> verify(owner.token(header.put("kid", ""), claims)));
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify(owner.token(header.put("kid", 7), claims)));
        }

        @Test
        void refusesAPublishedKeyThatIsNotForVerifying() {
            ObjectNode jwk = owner.jwk();
            jwk.putArray("key_ops").add("sign");
            world.publish("resource", RESOURCE, "k", jwk);
            Refusal.expect(ErrorCode.INVALID_TOKEN_SIGNATURE, "the issuer's key is not one for the token's algorithm",
                    () -> verify(owner.token(header(TokenType.RESOURCE), claims)));
        }

        @ParameterizedTest
        @ValueSource(strings = {"read  write", "read\u202e", "read\nwrite", " read"})
        void refusesAScopeThatIsNone(String scope) {
            claims.put("scope", scope);
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, "the token's scope has the wrong shape",
                    () -> verify(owner.token(header(TokenType.RESOURCE), claims)));
        }

        @Test
        void refusesALongerScope() {
            claims.put("scope", "x".repeat(2_048));
            verify(owner.token(header(TokenType.RESOURCE), claims));
            claims.put("scope", "x".repeat(2_049));
            expect(ErrorCode.MALFORMED_TOKEN);
        }

        /** Resources that make a new key at every start may give it the old name. */
        @Test
        void looksAgainForAKeyThatCameFromTheCache() {
            verify(owner.token(header(TokenType.RESOURCE), claims));
            world.now += 10;
            TestKey successor = TestKey.generate();
            world.publish("resource", RESOURCE, "k", successor.jwk());
            Refusal.expect(ErrorCode.INVALID_TOKEN_SIGNATURE,
                    () -> verify(TestKey.generate().token(header(TokenType.RESOURCE), claims)));
            world.now += 10;
            verify(successor.token(header(TokenType.RESOURCE), claims));
            expect(ErrorCode.INVALID_TOKEN_SIGNATURE);
        }

        /** Fetched just now, it is the one. */
        @Test
        void doesNotLookAgainForAKeyThatWasJustFetched() {
            Refusal.expect(ErrorCode.INVALID_TOKEN_SIGNATURE,
                    () -> verify(TestKey.generate().token(header(TokenType.RESOURCE), claims)));
            assertEquals(2, world.fetched.size());
        }

        @Test
        void saysWhenTheKeyIsNotPublished() {
            Refusal.expect(ErrorCode.UNKNOWN_KEY,
                    () -> verify(owner.token(header(TokenType.RESOURCE).put("kid", "other"), claims)));
        }

        @Test
        void refusesAPublishedKeyOfAnotherKind() {
            world.put(RESOURCE + "/jwks.json", "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"k\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}");
            expect(ErrorCode.INVALID_TOKEN_SIGNATURE);
        }

        @Test
        void verifiesTheKnownToken() {
            JsonNode known = Vectors.read("tokens.json").get("T1");
            FakeWorld demo = new FakeWorld();
            // The vector lives on this machine, so its documents are fetched in development only.
            demo.publish("resource", known.get("resource").textValue(), known.get("kid").textValue(), Vectors.key("B").jwk());
            var discovery = new Discovery(demo, true, () -> demo.now);
            TokenVerifier verifier = new TokenVerifier(known.get("authServer").textValue(), discovery, kid -> Optional.empty(),
                    () -> known.get("exp").longValue() - 300);
            assertEquals(new ResourceToken(known.get("resource").textValue(), known.get("scope").textValue()),
                    verifier.verifyResourceToken(known.get("token").textValue(), known.get("agent").textValue(),
                            Vectors.key("A").thumbprint()));
        }
    }

    @Nested
    class AgentTokens {

        private final TestKey delegateKey = TestKey.generate();
        private final ObjectNode claims = Json.object().put("iss", AGENT).put("sub", "delegate-1").put("exp", world.now + 3600);

        @BeforeEach
        void publish() {
            world.publish("agent", AGENT, "k", owner.jwk());
            claims.putObject("cnf").set("jwk", delegateKey.jwk());
        }

        private AgentToken verify(TestKey signer) {
            return verifier.verifyAgentToken(signer.token(header(TokenType.AGENT), claims));
        }

        @Test
        void theHonestTokenPasses() {
            AgentToken token = verify(owner);
            assertEquals(AGENT, token.agent());
            assertEquals("delegate-1", token.delegate());
            assertEquals(delegateKey.thumbprint(), token.key().thumbprint());
            claims.putArray("aud").add("https://other.example").add(ISSUER);
            verify(owner);
        }

        /** Hole J2. */
        @Test
        void refusesASignatureOfSomebodyElse() {
            Refusal.expect(ErrorCode.INVALID_TOKEN_SIGNATURE, () -> verify(delegateKey));
        }

        @Test
        void refusesAnAudienceThatIsNotUs() {
            claims.put("aud", "https://other.example");
            Refusal.expect(ErrorCode.TOKEN_AUDIENCE_MISMATCH, () -> verify(owner));
            claims.putArray("aud");
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify(owner));
        }

        @Test
        void refusesExpiredTokensAndTokensWithoutKey() {
            claims.put("exp", world.now);
            Refusal.expect(ErrorCode.TOKEN_EXPIRED, () -> verify(owner));
            claims.put("exp", world.now + 1).remove("cnf");
            Refusal.expect(ErrorCode.TOKEN_CLAIM_MISSING, () -> verify(owner));
            claims.put("cnf", "key");
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, "the token's cnf has the wrong shape", () -> verify(owner));
            claims.putObject("cnf");
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, "the token's cnf has the wrong shape", () -> verify(owner));
        }

        @Test
        void refusesTokensThatAreNotGoodYetOrNeverEnd() {
            claims.put("iat", world.now + 5).put("nbf", world.now + 5);
            verify(owner);
            claims.put("nbf", world.now + 6);
            Refusal.expect(ErrorCode.TOKEN_NOT_YET_VALID, () -> verify(owner));
            claims.put("nbf", "now");
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify(owner));
            claims.remove("nbf");
            claims.put("exp", "never");
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify(owner));
            claims.remove("exp");
            Refusal.expect(ErrorCode.TOKEN_CLAIM_MISSING, () -> verify(owner));
        }

        @Test
        void namesADelegateInUpTo2048Characters() {
            claims.put("sub", "d".repeat(2048));
            verify(owner);
            claims.put("sub", "d".repeat(2049));
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify(owner));
        }

        @Test
        void refusesADelegateWithoutName() {
            claims.put("sub", 7);
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify(owner));
            claims.put("sub", "");
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify(owner));
            claims.remove("sub");
            Refusal.expect(ErrorCode.TOKEN_CLAIM_MISSING, () -> verify(owner));
        }

        @Test
        void refusesAnAudienceOfAnotherShape() {
            claims.put("aud", "");
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify(owner));
            claims.putObject("aud").put("a", ISSUER);
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify(owner));
            claims.putArray("aud").add(ISSUER).add(7);
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify(owner));
        }
    }

    @Nested
    class AuthTokens {

        private final ObjectNode claims = Json.object().put("exp", world.now + 300).put("iat", world.now).put("iss", ISSUER)
                .put("aud", AGENT).put("sub", "user-1").put("agent", "https://caller.example").put("scope", "read");

        @BeforeEach
        void bind() {
            claims.putObject("cnf").set("jwk", agentKey.jwk());
        }

        private AuthToken verify(String kid, List<String> trusted) {
            return verifier.verifyAuthToken(owner.token(header(TokenType.AUTH).put("kid", kid), claims), AGENT, trusted);
        }

        @Test
        void verifiesItsOwnTokensWithoutAskingTheNetwork() {
            claims.putObject("act").put("agent", "https://first.example").putObject("act").put("agent", "https://zeroth.example");
            AuthToken token = verify("realm-key", List.of(ISSUER));
            assertEquals("user-1", token.subject());
            assertEquals(new Act("https://first.example", null, null, new Act("https://zeroth.example", null, null, null)), token.act());
            assertEquals(2, token.act().depth());
            assertTrue(world.fetched.isEmpty());
        }

        @Test
        void verifiesTrustedIssuersTokensWithTheirPublishedKeys() {
            claims.put("iss", "https://other.example").put("exp", world.now + 60.9);
            world.put("https://other.example/.well-known/openid-configuration",
                    "{\"issuer\":\"https://other.example\",\"jwks_uri\":\"https://other.example/keys\"}");
            world.put("https://other.example/keys", Json.object().set("keys",
                    Json.object().arrayNode().add(owner.jwk().put("kid", "k"))).toString());
            AuthToken token = verify("k", List.of(ISSUER, "https://other.example"));
            assertEquals("https://other.example", token.issuer());
            assertEquals(world.now + 60, token.expiresAt());
        }

        /** Hole J3: nothing is fetched from an issuer that only the token names. */
        @Test
        void fetchesNothingFromAnIssuerThatIsNotTrusted() {
            claims.put("iss", "https://attacker.example");
            Refusal.expect(ErrorCode.UNTRUSTED_ISSUER, () -> verify("k", List.of(ISSUER)));
            assertTrue(world.fetched.isEmpty());
        }

        @Test
        void refusesForeignAudiencesOldTokensAndForeignKeys() {
            Refusal.expect(ErrorCode.UNKNOWN_KEY, () -> verify("other", List.of(ISSUER)));
            claims.put("exp", world.now);
            Refusal.expect(ErrorCode.TOKEN_EXPIRED, () -> verify("realm-key", List.of(ISSUER)));
            claims.put("exp", world.now + 1).put("aud", RESOURCE);
            Refusal.expect(ErrorCode.TOKEN_AUDIENCE_MISMATCH, () -> verify("realm-key", List.of(ISSUER)));
            claims.remove("aud");
            Refusal.expect(ErrorCode.TOKEN_CLAIM_MISSING, () -> verify("realm-key", List.of(ISSUER)));
        }

        /** Hole J3, of a token that says who it is from and is not. */
        @Test
        void refusesASignatureOfSomebodyElse() {
            Refusal.expect(ErrorCode.INVALID_TOKEN_SIGNATURE, () -> verifier.verifyAuthToken(
                    TestKey.generate().token(header(TokenType.AUTH).put("kid", "realm-key"), claims), AGENT, List.of(ISSUER)));
        }

        @Test
        void refusesTokensThatAreNotGoodYetOrNeverEnd() {
            claims.put("iat", world.now + 5).put("nbf", world.now + 5);
            verify("realm-key", List.of(ISSUER));
            claims.put("nbf", world.now + 6);
            Refusal.expect(ErrorCode.TOKEN_NOT_YET_VALID, () -> verify("realm-key", List.of(ISSUER)));
            claims.put("nbf", "now");
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify("realm-key", List.of(ISSUER)));
            claims.remove("nbf");
            claims.remove("exp");
            Refusal.expect(ErrorCode.TOKEN_CLAIM_MISSING, () -> verify("realm-key", List.of(ISSUER)));
        }

        @ParameterizedTest
        @ValueSource(strings = {"jti", "sub", "agent", "agent_delegate", "scope"})
        void refusesAClaimThatIsNoText(String name) {
            claims.put(name, 7);
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify("realm-key", List.of(ISSUER)));
        }

        @Test
        void refusesATokenThatIsBoundToNoKey() {
            claims.putObject("cnf").put("kid", "k");
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify("realm-key", List.of(ISSUER)));
            claims.remove("cnf");
            Refusal.expect(ErrorCode.TOKEN_CLAIM_MISSING, () -> verify("realm-key", List.of(ISSUER)));
        }

        /** There is no scope that an exchange could carry on. */
        @Test
        void readsATokenWithoutScopes() {
            assertEquals("read", verify("realm-key", List.of(ISSUER)).scope());
            claims.put("scope", "");
            assertEquals("", verify("realm-key", List.of(ISSUER)).scope());
            claims.remove("scope");
            assertEquals("", verify("realm-key", List.of(ISSUER)).scope());
        }

        @Test
        void refusesAChainOfCallersThatIsOutOfShape() {
            claims.putObject("act").put("sub", "nobody");
            Refusal.expect(ErrorCode.TOKEN_CLAIM_MISSING, () -> verify("realm-key", List.of(ISSUER)));
            ObjectNode act = claims.putObject("act");
            for (int depth = 0; depth < 30; depth++) {
                act = act.put("agent", AGENT).putObject("act");
            }
            act.put("agent", AGENT);
            Refusal.expect(ErrorCode.MALFORMED_TOKEN, () -> verify("realm-key", List.of(ISSUER)));
        }
    }
}
