package demo.aauth.keycloak.tracing;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.headers.SignatureInput;
import demo.aauth.keycloak.headers.SignatureKey;
import demo.aauth.keycloak.signing.Requester;
import demo.aauth.keycloak.signing.VerificationRecorder;
import demo.aauth.keycloak.tokens.TokenType;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.instrumentation.api.instrumenter.LocalRootSpan;

import java.util.List;
import java.util.Locale;

/**
 * Records checks and their verdicts on the span of a request, under the names that the demo's other
 * services use (docs/reference/telemetry.md). No value contains a signature or a whole token, and
 * each is bounded. Does nothing if the server creates no spans.
 */
public final class RequestSpan {

    private static final int MAX_REQUEST_TYPE_LENGTH = 40;

    private final Span span;

    public RequestSpan(Span span) {
        this.span = span;
    }

    /** Span of the current request. */
    public static RequestSpan current() {
        return new RequestSpan(serverSpan());
    }

    /** Keycloak creates a span for each endpoint method; verdicts belong on the request's. */
    private static Span serverSpan() {
        try {
            Span root = LocalRootSpan.current();
            return root.getSpanContext().isValid() ? root : Span.current();
        } catch (LinkageError absent) {
            // This Keycloak lacks the library that creates the spans of requests.
            return Span.current();
        }
    }

    /** @param requestType null if the request names none */
    public void requestType(String requestType) {
        if (requestType != null) {
            text("aauth.request_type", requestType.substring(0, Math.min(requestType.length(), MAX_REQUEST_TYPE_LENGTH)));
        }
    }

    /** Records the token to be exchanged. */
    public void upstream(String token) {
        if (span.isRecording()) {
            text("aauth.upstream_token", TracedToken.json(token));
        }
    }

    /** Records that every check has passed, and the requester. */
    public void verified(Requester requester, VerificationRecorder recorder) {
        if (!span.isRecording()) {
            return;
        }
        String level = requester.identified() ? "identified" : "pseudonymous";
        text("aauth.verification.verdict", "passed");
        checks(recorder);
        text("aauth.agent.level", level);
        if (requester.identified()) {
            text("aauth.agent.id", requester.agent());
            text("aauth.agent.delegate", requester.agentDelegate());
        }
        flag("auth.aauth.verified", true);
        text("auth.aauth.verification_result", "valid");
        span.addEvent("aauth_signature_verified", Attributes.of(key("scheme"), scheme(recorder), key("level"), level));
        if (isAuthToken(recorder)) {
            flag("auth.auth_token.verified", true);
            text("auth.auth_token.agent", requester.agent());
            span.addEvent("auth_token_verified", Attributes.of(key("agent"), Cut.end(requester.agent())));
        }
        if (requester.identified()) {
            span.addEvent("signature_only_accepted", Attributes.of(key("scheme"), scheme(recorder)));
        } else {
            flag("auth.hwk_accepted", true);
            span.addEvent("hwk_accepted_pseudonymous");
        }
    }

    /** Records a failed check. @param recorder null if it was not one of the request's own */
    public void refused(AAuthException refusal, VerificationRecorder recorder) {
        if (!span.isRecording()) {
            return;
        }
        String code = refusal.code().code();
        text("aauth.verification.verdict", "refused");
        text("aauth.error.code", code);
        flag("auth.aauth.verified", false);
        text("auth.aauth.verification_result", result(refusal, recorder));
        if (recorder == null) {
            text("aauth.role", "verifier");
        } else {
            checks(recorder);
            if (isAuthToken(recorder)) {
                flag("auth.auth_token.verified", false);
            }
        }
        error(code, refusal.getMessage());
    }

    /** Records a refusal, whether or not the requester is authenticated. */
    public void refused(OAuthException refusal) {
        // The code of a failed check is already recorded.
        if (!refusal.error().equals("invalid_signature")) {
            text("aauth.error.code", refusal.error());
        }
        error(refusal.error(), refusal.getMessage());
    }

    /** Records the token in the answer. */
    public void issued(String token) {
        if (span.isRecording()) {
            String json = TracedToken.json(token);
            text("aauth.token.issued", json);
            span.addEvent("aauth.token_issued", Attributes.of(key("token"), json));
        }
    }

    private void checks(VerificationRecorder recorder) {
        text("aauth.role", "verifier");
        text("aauth.verification.checks", checksJson(recorder));
        text("aauth.verification.profile", recorder.profile().title());
        if (recorder.bodyBound() != null) {
            flag("aauth.verification.body_bound", recorder.bodyBound());
        }
        text("aauth.verification.scheme", scheme(recorder));
        text("auth.aauth.scheme", scheme(recorder));
        text("aauth.verification.key_source", recorder.keySource());
        text("aauth.verification.thumbprint", recorder.thumbprint());
        if (recorder.signatureBase() != null) {
            text("aauth.verification.base", Cut.base(recorder.signatureBase()));
        }
        if (recorder.claim() != null) {
            text("aauth.verification.label", recorder.claim().label());
        }
        if (recorder.claim() instanceof SignatureKey.Jwt token) {
            text("aauth.token.received", TracedToken.json(token.jwt()));
        }
        SignatureInput input = recorder.input();
        if (input != null) {
            List<String> components = input.components().stream().map(Cut::end).toList();
            span.setAttribute(AttributeKey.stringArrayKey("aauth.verification.covered_components"), components);
        }
        if (input != null && input.created() != null) {
            span.setAttribute(AttributeKey.longKey("aauth.verification.created"), input.created());
        }
    }

    private static String checksJson(VerificationRecorder recorder) {
        ObjectNode holder = Json.object();
        ArrayNode checks = holder.putArray("checks");
        for (VerificationRecorder.Step step : recorder.steps()) {
            ObjectNode check = checks.addObject()
                    .put("name", step.check().title()).put("verdict", step.verdict().name().toLowerCase(Locale.ROOT));
            if (step.reason() != null) {
                check.put("reason", step.reason());
            }
            check.put("section", step.check().section());
        }
        return checks.toString();
    }

    private static String result(AAuthException refusal, VerificationRecorder recorder) {
        if (refusal.code() == ErrorCode.MISSING_SIGNATURE) {
            return "missing_headers";
        }
        return recorder == null ? "error" : "invalid";
    }

    /** Null if the header could not be parsed. */
    private static String scheme(VerificationRecorder recorder) {
        SignatureKey claim = recorder.claim();
        if (claim == null) {
            return null;
        }
        return claim instanceof SignatureKey.Hwk ? "hwk" : claim instanceof SignatureKey.Jwt ? "jwt" : "jwks";
    }

    private static boolean isAuthToken(VerificationRecorder recorder) {
        return recorder.claim() instanceof SignatureKey.Jwt token
                && TracedToken.json(token.jwt()).startsWith("{\"kind\":\"" + TokenType.AUTH + "\"");
    }

    private void error(String type, String message) {
        text("error.type", type);
        span.setStatus(StatusCode.ERROR, Cut.end(message));
    }

    /** @param value null is not recorded */
    private void text(String name, String value) {
        if (value != null) {
            span.setAttribute(key(name), Cut.end(value));
        }
    }

    private void flag(String name, boolean value) {
        span.setAttribute(AttributeKey.booleanKey(name), value);
    }

    private static AttributeKey<String> key(String name) {
        return AttributeKey.stringKey(name);
    }
}
