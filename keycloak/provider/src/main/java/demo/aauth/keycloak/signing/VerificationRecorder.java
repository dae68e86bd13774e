package demo.aauth.keycloak.signing;

import demo.aauth.keycloak.headers.SignatureInput;
import demo.aauth.keycloak.headers.SignatureKey;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Records one verification, check by check, for its trace. Has no influence on the verdict. */
public final class VerificationRecorder {

    /** Verdict of a check. */
    public enum Verdict {
        PASSED, FAILED, SKIPPED
    }

    /**
     * @param reason one sentence without secrets; always present on failure, otherwise may be null
     */
    public record Step(Check check, Verdict verdict, String reason) {
    }

    private final Map<Check, Step> steps = new EnumMap<>(Check.class);
    private Check current;
    private Profile profile = Profile.FEBRUARY_2026;
    private Boolean bodyBound;
    private SignatureKey claim;
    private SignatureInput input;
    private String signatureBase;
    private String keySource;
    private String thumbprint;

    /** Starts a check, which marks the previous one as passed. */
    public void enter(Check check) {
        passed();
        current = check;
    }

    /** Marks a check that does not apply to this request. */
    public void skip(Check check, String reason) {
        steps.put(check, new Step(check, Verdict.SKIPPED, reason));
    }

    /** Marks the current check as not applicable to this request. */
    void skipCurrent(String reason) {
        end(Verdict.SKIPPED, reason);
    }

    /** Marks the current check as passed. */
    public void passed() {
        end(Verdict.PASSED, null);
    }

    /** Marks the current check as failed. */
    public Check failed(String reason) {
        Check failed = current;
        end(Verdict.FAILED, reason);
        return failed;
    }

    private void end(Verdict verdict, String reason) {
        if (current != null) {
            steps.put(current, new Step(current, verdict, reason));
            current = null;
        }
    }

    void claim(SignatureKey parsed) {
        claim = parsed;
    }

    void profile(Profile judgedBy) {
        profile = judgedBy;
    }

    void bodyBound(boolean isBound) {
        bodyBound = isBound;
    }

    void input(SignatureInput parsed) {
        input = parsed;
    }

    void signatureBase(String base) {
        signatureBase = base;
    }

    /**
     * @param source {@code header}, {@code discovery}, {@code discovery-cache} or
     * {@code agent-token}
     */
    public void key(String source, String keyThumbprint) {
        keySource = source;
        thumbprint = keyThumbprint;
    }

    void signedWith(String keyThumbprint) {
        thumbprint = keyThumbprint;
    }

    /** All checks, with those not reached marked as skipped. */
    public List<Step> steps() {
        return Arrays.stream(Check.values())
                .map(check -> steps.getOrDefault(check, new Step(check, Verdict.SKIPPED, null)))
                .toList();
    }

    public boolean hasPassed(Check check) {
        return steps.containsKey(check) && steps.get(check).verdict() == Verdict.PASSED;
    }

    /** Profile used for verification. */
    public Profile profile() {
        return profile;
    }

    /** Null until known, like everything below. */
    public Boolean bodyBound() {
        return bodyBound;
    }

    public SignatureKey claim() {
        return claim;
    }

    public SignatureInput input() {
        return input;
    }

    /** Contains the whole {@code Signature-Key}: truncate it before recording. */
    public String signatureBase() {
        return signatureBase;
    }

    public String keySource() {
        return keySource;
    }

    public String thumbprint() {
        return thumbprint;
    }
}
