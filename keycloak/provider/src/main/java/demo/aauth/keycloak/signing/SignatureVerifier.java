package demo.aauth.keycloak.signing;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.headers.ContentDigest;
import demo.aauth.keycloak.headers.HeaderFields;
import demo.aauth.keycloak.headers.SignatureInput;
import demo.aauth.keycloak.headers.SignatureKey;
import demo.aauth.keycloak.headers.SignatureKeyParser;
import demo.aauth.keycloak.headers.SignatureValue;
import demo.aauth.keycloak.keys.Ed25519Key;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Verifies signed requests; only this class creates a {@link Requester}. Checks, in this order:
 * presence and grammar of the three headers, one label, coverage, {@code created} and
 * {@code expires}, the key, the signature, the nonce, the body's digest. Only a valid signature
 * uses up a nonce, and nothing is fetched before all checks that need no fetch. A request whose
 * signature covers neither a body nor a nonce can be repeated within its window, because the signed
 * content does not identify a single request.
 */
public final class SignatureVerifier {

    private final String authority;
    private final ReplayStore replayStore;
    private final LongSupplier nowSeconds;

    /**
     * @param authority canonical served authority: {@code host}, or {@code host:port} unless it is
     * the scheme's default
     */
    public SignatureVerifier(String authority, ReplayStore replayStore, LongSupplier nowSeconds) {
        this.authority = authority;
        this.replayStore = replayStore;
        this.nowSeconds = nowSeconds;
    }

    /**
     * @param profile selects the profile of a message, which determines what must be covered and
     * proves nothing
     * @param find finds the caller that the message claims to be from, and the keys that may have
     * signed it
     * @param recorder notified of each check before it is made
     * @throws AAuthException with the code of the check that failed
     */
    public Requester verify(ReceivedRequest request, Function<SignatureKey, Profile> profile,
            Function<SignatureKey, CallerCandidate> find, VerificationRecorder recorder) {
        recorder.enter(Check.HEADERS);
        HeaderFields headers = request.headers();
        String signatureKey = headers.require(HeaderFields.SIGNATURE_KEY);
        String signatureInput = headers.require(HeaderFields.SIGNATURE_INPUT);
        String signatureValue = headers.require(HeaderFields.SIGNATURE);

        recorder.enter(Check.SIGNATURE_KEY);
        SignatureKey claim = SignatureKeyParser.parse(signatureKey);
        recorder.claim(claim);

        recorder.enter(Check.SIGNATURE_INPUT);
        SignatureInput input = SignatureInput.parse(signatureInput);
        recorder.input(input);
        SignatureValue signature = SignatureValue.parse(signatureValue);

        recorder.enter(Check.LABELS);
        requireSameLabel(claim, input, signature);

        recorder.enter(Check.COVERAGE);
        Profile judgedBy = profile.apply(claim);
        recorder.profile(judgedBy);
        Coverage.require(request, input.components(), judgedBy);
        boolean coversDigest = input.components().contains(HeaderFields.CONTENT_DIGEST);
        boolean bodyBound = coversDigest || request.body().length == 0;
        recorder.bodyBound(bodyBound);
        String text = SignatureBase.of(request, authority, input);
        recorder.signatureBase(text);
        byte[] base = text.getBytes(StandardCharsets.US_ASCII);
        String nonce = Nonce.read(headers);

        recorder.enter(Check.CREATED);
        long now = nowSeconds.getAsLong();
        Freshness.require(input, now);

        CallerCandidate candidate = find.apply(claim);

        recorder.enter(Check.SIGNATURE);
        Ed25519Key key = keyThatSigned(candidate, base, input, signature);
        recorder.signedWith(key.thumbprint());

        recorder.enter(Check.REPLAY);
        Replay.Use use = new Replay.Use(authority, key.thumbprint(), input.created(), now);
        if (nonce != null) {
            Replay.spendNonce(replayStore, use, nonce);
        } else if (judgedBy.bindsBody() || coversDigest) {
            Replay.spendSignature(replayStore, use, signature.bytes());
        } else {
            recorder.skipCurrent("the request has no nonce");
        }

        recorder.enter(Check.CONTENT_DIGEST);
        requireBody(request, judgedBy);
        if (bodyBound) {
            recorder.passed();
        } else {
            recorder.skipCurrent("the signature does not cover the body");
        }
        recorder.skip(Check.REQUIREMENT, "none is given");
        return Requester.of(candidate, key, bodyBound);
    }

    private static void requireSameLabel(SignatureKey key, SignatureInput input, SignatureValue signature) {
        if (!key.label().equals(input.label()) || !key.label().equals(signature.label())) {
            throw new AAuthException(ErrorCode.LABEL_MISMATCH, "the three signature headers carry different labels");
        }
    }

    /**
     * The first key with which the signature verifies. A cached one may have been replaced since.
     */
    private static Ed25519Key keyThatSigned(CallerCandidate candidate, byte[] base, SignatureInput input, SignatureValue signature) {
        // RFC 9421 section 3.2: the key determines the algorithm.
        if (input.algorithm() != null && !input.algorithm().equals("ed25519")) {
            throw new AAuthException(ErrorCode.INVALID_SIGNATURE, "the alg parameter is not that of the key");
        }
        return candidate.keys().stream()
                .filter(key -> key.verifies(base, signature.bytes()))
                .findFirst()
                .or(() -> replaced(candidate).filter(key -> key.verifies(base, signature.bytes())))
                .orElseThrow(() -> new AAuthException(ErrorCode.INVALID_SIGNATURE, "the signature does not verify"));
    }

    private static Optional<Ed25519Key> replaced(CallerCandidate candidate) {
        return candidate.replacedKey().get();
    }

    /**
     * Compares a digest without a body with zero bytes, so that a removed body is refused, too
     * (hole J5).
     */
    private static void requireBody(ReceivedRequest request, Profile profile) {
        String digest = request.headers().get(HeaderFields.CONTENT_DIGEST);
        if (digest != null) {
            ContentDigest.verify(digest, request.body());
        } else if (profile.bindsBody() && request.body().length > 0) {
            throw new AAuthException(ErrorCode.DIGEST_MISSING, "the body has no Content-Digest");
        }
    }
}
