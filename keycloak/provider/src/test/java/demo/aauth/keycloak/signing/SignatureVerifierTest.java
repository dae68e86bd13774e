package demo.aauth.keycloak.signing;

import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.headers.HeaderFields;
import demo.aauth.keycloak.headers.SignatureKey;
import demo.aauth.keycloak.keys.Ed25519Key;
import demo.aauth.keycloak.support.Refusal;
import demo.aauth.keycloak.support.SignedRequest;
import demo.aauth.keycloak.support.TestKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Every departure from a good request, and which check finds it. Holes J4, J5, J6 and J20; P1 to
 * P10 as in the TypeScript tests.
 */
class SignatureVerifierTest {

    private static final long NOW = 1_730_217_600;

    private final TestKey key = TestKey.generate();
    private final Map<String, Long> spent = new HashMap<>();
    private final SignatureVerifier verifier =
            new SignatureVerifier("auth.example", (nonce, seconds) -> spent.putIfAbsent(nonce, seconds) == null, () -> NOW);
    private final SignedRequest request = new SignedRequest(key, NOW);
    private final VerificationRecorder recorder = new VerificationRecorder();

    private Requester verify(ReceivedRequest received) {
        return verify(received, Profile.FEBRUARY_2026);
    }

    private Requester verify(ReceivedRequest received, Profile profile) {
        return verifier.verify(received, claim -> profile, claim -> CallerCandidate.pseudonymous(Ed25519Key.of(((SignatureKey.Hwk) claim).x())), recorder);
    }

    private void expect(ErrorCode code) {
        Refusal.expect(code, () -> verify(request.send()));
    }

    @Test
    void theHonestRequestPasses() {
        Requester requester = verify(request.send());
        assertEquals("pseudonymous:" + key.thumbprint(), requester.agent());
        assertEquals(key.thumbprint(), requester.thumbprint());
    }

    @ParameterizedTest
    @ValueSource(strings = {"sig", "my-sig", "*", "a.b_c-1"})
    void takesAnyLabel(String label) {
        request.label = label;
        verify(request.send());
    }

    @Test
    void refusesDifferentLabels() {
        request.headers.put("signature", "sig2=:" + "A".repeat(86) + ":");
        expect(ErrorCode.LABEL_MISMATCH);
        request.headers.put("signature", "sig1=:" + "A".repeat(86) + ":");
        request.headers.put("signature-input", "sig2=();created=" + NOW);
        expect(ErrorCode.LABEL_MISMATCH);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ";expires=1730217660", ";created=\"1730217600\""})
    void refusesASignatureWithoutCreated(String parameters) {
        request.parameters = parameters;
        expect(ErrorCode.CREATED_MISSING);
    }

    @Test
    void takesSixtySecondsEitherWayAndNotOneMore() {
        for (long created : List.of(NOW - 60, NOW + 60)) {
            verify(new SignedRequest(TestKey.generate(), created).send());
        }
        for (long created : List.of(NOW - 61, NOW + 61)) {
            Refusal.expect(ErrorCode.CREATED_OUT_OF_WINDOW, () -> verify(new SignedRequest(key, created).send()));
        }
    }

    @Test
    void honoursExpires() {
        request.parameters = ";created=" + (NOW - 30) + ";expires=" + NOW;
        expect(ErrorCode.SIGNATURE_EXPIRED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"@method", "@authority", "@path", "content-type", "content-digest", "nonce", "signature-key"})
    void refusesASignatureThatLeavesSomethingOut(String component) {
        request.without(component);
        expect(ErrorCode.INSUFFICIENT_COVERAGE);
    }

    @Test
    void refusesASignatureThatCoversNextToNothing() {
        request.components = List.of();
        expect(ErrorCode.INSUFFICIENT_COVERAGE);
        request.components = List.of("signature-key");
        expect(ErrorCode.INSUFFICIENT_COVERAGE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"amount=1", ""})
    void refusesAQueryThatIsNotCovered(String query) {
        request.query = query;
        verify(request.send());
        request.headers.put("nonce", "b3RoZXJvdGhlcm90aGVy");
        request.without("@query");
        expect(ErrorCode.INSUFFICIENT_COVERAGE);
    }

    @Test
    void refusesComponentsThatAreNotThere() {
        for (String component : List.of("@query", "@status", "x-other")) {
            request.components = List.of(component, "@method", "@authority", "@path", "content-type", "content-digest", "nonce",
                    "signature-key");
            expect(ErrorCode.MISSING_COMPONENT);
        }
    }

    @Test
    void refusesARequestForAnotherHost() {
        request.authority = "evil.example";
        expect(ErrorCode.INVALID_SIGNATURE);
    }

    @Test
    void neverLooksAtHost() {
        request.headers.put("host", "evil.example");
        verify(request.send());
    }

    @Test
    void refusesAnotherBodyThanTheSignedOne() {
        Refusal.expect(ErrorCode.DIGEST_MISMATCH, () -> verify(request.sendWithBody("request_type=code")));
        request.headers.put("nonce", "b3RoZXJvdGhlcm90aGVy");
        Refusal.expect(ErrorCode.DIGEST_MISMATCH, () -> verify(request.sendWithBody(null)));
    }

    @Test
    void refusesABodyThatNoHeaderAnnounced() {
        request.body = null;
        Refusal.expect(ErrorCode.INSUFFICIENT_COVERAGE, () -> verify(request.sendWithBody("request_type=auth")));
    }

    @Test
    void refusesASecondUseOfANonce() {
        ReceivedRequest received = request.send();
        verify(received);
        Refusal.expect(ErrorCode.NONCE_REPLAYED, () -> verify(received));
        assertEquals(61L, spent.values().iterator().next());
    }

    /** A signature without a nonce is valid for one request, too. */
    @Test
    void refusesASecondUseOfASignatureWithoutNonce() {
        request.headers.remove("nonce");
        ReceivedRequest received = request.send();
        verify(received);
        Refusal.expect(ErrorCode.SIGNATURE_REPLAYED, () -> verify(received));
        // The same signature in another encoding.
        request.headers.put("signature", received.headers().get("signature").replace('-', '+').replace('_', '/').replace(":$", "==:"));
        expect(ErrorCode.SIGNATURE_REPLAYED);
        request.headers.remove("signature");
        request.parameters = ";created=" + (NOW - 1);
        verify(request.send());
    }

    @Test
    void tellsWhichChecksWereMade() {
        verify(request.send());
        // The code that knows the schemes finds the key and the token that may contain it.
        List<Check> notOurs = List.of(Check.TOKEN, Check.KEY, Check.REQUIREMENT);
        assertEquals(List.of(VerificationRecorder.Verdict.PASSED), recorder.steps().stream()
                .filter(step -> !notOurs.contains(step.check())).map(VerificationRecorder.Step::verdict).distinct().toList());
        assertEquals(VerificationRecorder.Verdict.SKIPPED, recorder.steps().get(Check.REQUIREMENT.ordinal()).verdict());
    }

    private VerificationRecorder.Step step(Check check) {
        return recorder.steps().get(check.ordinal());
    }

    /**
     * A signature that binds no body is not remembered: two requests of one second may have the
     * same.
     */
    @Test
    void takesAPublishedPeersRequestWithoutBodyAndNonceAndRemembersNothing() {
        request.headers.remove("nonce");
        request.components = List.of("@method", "@authority", "@path", "signature-key");
        ReceivedRequest received = request.send();
        Refusal.expect(ErrorCode.INSUFFICIENT_COVERAGE, () -> verify(received));
        for (int count = 0; count < 2; count++) {
            assertFalse(verify(received, Profile.FEBRUARY_2026_PUBLISHED).bodyBound());
        }
        assertEquals(Map.of(), spent);
        assertEquals(new VerificationRecorder.Step(Check.REPLAY, VerificationRecorder.Verdict.SKIPPED, "the request has no nonce"),
                step(Check.REPLAY));
        assertEquals(new VerificationRecorder.Step(Check.CONTENT_DIGEST, VerificationRecorder.Verdict.SKIPPED,
                "the signature does not cover the body"), step(Check.CONTENT_DIGEST));
    }

    @Test
    void takesAPublishedPeersRequestWithoutDigestAndRefusesAWrongOne() {
        request.without("content-digest");
        request.headers.put("content-digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
        Refusal.expect(ErrorCode.DIGEST_MISMATCH, () -> verify(request.send(), Profile.FEBRUARY_2026_PUBLISHED));
        SignedRequest without = new SignedRequest(key, NOW);
        without.components = List.of("@method", "@authority", "@path", "signature-key");
        without.headers.remove("nonce");
        without.body = null;
        assertFalse(verify(without.sendWithBody("request_type=auth"), Profile.FEBRUARY_2026_PUBLISHED).bodyBound());
    }

    @Test
    void holdsAPublishedPeerToWhatItCovers() {
        ReceivedRequest received = request.send();
        assertTrue(verify(received, Profile.FEBRUARY_2026_PUBLISHED).bodyBound());
        Refusal.expect(ErrorCode.NONCE_REPLAYED, () -> verify(received, Profile.FEBRUARY_2026_PUBLISHED));
        request.headers.remove("nonce");
        ReceivedRequest withoutNonce = request.send();
        assertTrue(verify(withoutNonce, Profile.FEBRUARY_2026_PUBLISHED).bodyBound());
        Refusal.expect(ErrorCode.SIGNATURE_REPLAYED, () -> verify(withoutNonce, Profile.FEBRUARY_2026_PUBLISHED));
        Refusal.expect(ErrorCode.DIGEST_MISMATCH,
                () -> verify(new SignedRequest(TestKey.generate(), NOW).sendWithBody("x=1"), Profile.FEBRUARY_2026_PUBLISHED));
    }

    @ParameterizedTest
    @ValueSource(strings = {"@method", "@authority", "@path", "@query", "nonce", "signature-key"})
    void refusesAPublishedPeersSignatureThatLeavesMoreOut(String component) {
        request.query = "x=1";
        request.without(component);
        Refusal.expect(ErrorCode.INSUFFICIENT_COVERAGE, () -> verify(request.send(), Profile.FEBRUARY_2026_PUBLISHED));
    }

    @Test
    void aBadSignatureSpendsNobodysNonce() {
        request.authority = "evil.example";
        expect(ErrorCode.INVALID_SIGNATURE);
        request.authority = "auth.example";
        verify(request.send());
    }

    @ParameterizedTest
    @ValueSource(strings = {"short", "not base64url!!!", "Y3VyaW91c2x5Y3VyaW91cx=="})
    void refusesNoncesThatAreNone(String nonce) {
        request.headers.put("nonce", nonce);
        expect(ErrorCode.MALFORMED_NONCE);
    }

    /** A nonce is kept, so it has a longest length, too. */
    @Test
    void takesNoncesOfTwelveToNinetySixBytes() {
        for (int length : new int[] {16, 128}) {
            request.headers.put("nonce", "A".repeat(length));
            verify(request.send());
        }
        for (int length : new int[] {14, 15, 132}) {
            request.headers.put("nonce", "A".repeat(length));
            expect(ErrorCode.MALFORMED_NONCE);
        }
    }

    @Test
    void refusesOversizeHeadersBeforeItParsesThem() {
        request.headers.put("content-digest", "sha-256=:" + "A".repeat(16_384) + ":");
        expect(ErrorCode.HEADER_TOO_LARGE);
        request.headers.put("signature", "sig1=:" + "A".repeat(16_384) + ":");
        expect(ErrorCode.HEADER_TOO_LARGE);
    }

    @Test
    void refusesPartialSetsOfHeaders() {
        ReceivedRequest bare = new ReceivedRequest("POST", "/", null,
                new HeaderFields(Map.of("signature-key", List.of("sig1=(scheme=jwt jwt=\"a\")"))), new byte[0]);
        Refusal.expect(ErrorCode.MISSING_SIGNATURE, () -> verify(bare));
    }

    @Test
    void refusesAnotherAlgorithm() {
        request.parameters = ";created=" + NOW + ";alg=\"rsa-v1_5-sha256\"";
        expect(ErrorCode.INVALID_SIGNATURE);
        request.parameters = ";created=" + NOW + ";alg=\"ed25519\";keyid=\"anything\"";
        verify(request.send());
    }

    @Test
    void refusesHeadersThatCouldForgeALine() {
        request.headers.put("content-type", "application/x-www-form-urlencoded\n\"@path\": /other");
        expect(ErrorCode.MISSING_COMPONENT);
    }

    @Test
    void triesTheKeyThatHasTakenTheNameSince() {
        Ed25519Key old = Ed25519Key.of(TestKey.generate().x());
        AtomicInteger asked = new AtomicInteger();
        CallerCandidate candidate = new CallerCandidate("https://agent.example", null, List.of(old), () -> {
            asked.incrementAndGet();
            return Optional.of(Ed25519Key.of(key.x()));
        });
        assertEquals(key.thumbprint(), verifier.verify(
                request.send(), claim -> Profile.FEBRUARY_2026, claim -> candidate, recorder).thumbprint());
        assertEquals(1, asked.get());
    }

    @Test
    void theKeyThatHasTakenTheNameHasToHaveSigned() {
        CallerCandidate candidate = new CallerCandidate("https://agent.example", null, List.of(Ed25519Key.of(TestKey.generate().x())),
                () -> Optional.of(Ed25519Key.of(TestKey.generate().x())));
        Refusal.expect(ErrorCode.INVALID_SIGNATURE, () -> verifier.verify(
                request.send(), claim -> Profile.FEBRUARY_2026, claim -> candidate, recorder));
        assertEquals(Map.of(), spent);
    }

    /** An announced body needs a digest, however it is announced. */
    @Test
    void refusesABodyWithoutDigestThoughTheTypeIsCovered() {
        request.without("content-digest");
        expect(ErrorCode.INSUFFICIENT_COVERAGE);
        request.components = null;
        request.body = null;
        request.headers.put("transfer-encoding", "chunked");
        expect(ErrorCode.INSUFFICIENT_COVERAGE);
        request.headers.remove("transfer-encoding");
        request.headers.put("content-length", "3");
        expect(ErrorCode.INSUFFICIENT_COVERAGE);
        request.headers.put("content-length", "0");
        verify(request.send());
    }

    @Test
    void fetchesNothingBeforeTheChecksThatNeedNothingFetched() {
        request.parameters = ";created=" + (NOW - 61);
        AtomicInteger asked = new AtomicInteger();
        Refusal.expect(ErrorCode.CREATED_OUT_OF_WINDOW, () -> verifier.verify(request.send(), claim -> Profile.FEBRUARY_2026, claim -> {
            asked.incrementAndGet();
            return CallerCandidate.pseudonymous(Ed25519Key.of(key.x()));
        }, recorder));
        assertEquals(0, asked.get());
    }
}
