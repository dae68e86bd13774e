package demo.aauth.keycloak.endpoints;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.FormParameters;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.granttypes.AuthGrant;
import demo.aauth.keycloak.granttypes.CodeGrant;
import demo.aauth.keycloak.granttypes.ExchangeGrant;
import demo.aauth.keycloak.granttypes.GrantContext;
import demo.aauth.keycloak.granttypes.RefreshTokenGrant;
import demo.aauth.keycloak.granttypes.TokenRequest;
import demo.aauth.keycloak.policy.Policy;
import demo.aauth.keycloak.realm.AAuthRealm;
import demo.aauth.keycloak.realm.AuditTrail;
import demo.aauth.keycloak.requester.ExchangeRequester;
import demo.aauth.keycloak.signing.Requester;
import demo.aauth.keycloak.tracing.RequestSpan;
import org.keycloak.events.EventBuilder;
import org.keycloak.events.EventType;

import java.util.ArrayList;
import java.util.List;

/**
 * {@code POST agent/token} (profile 6.1). Order of checks: realm, signature, form, policy, request
 * type. Until the signature is verified, the response reveals nothing about the request except a
 * missing signature.
 */
final class TokenEndpoint extends SignedEndpoint {

    static final List<String> REQUEST_TYPES = List.of("auth", "code", "refresh", "exchange");

    TokenEndpoint(AAuthRealm realm, EventBuilder event) {
        super(realm, new AuditTrail(event, EventType.CLIENT_LOGIN));
    }

    @Override
    ObjectNode answer(SignedForm signed) {
        String requestType = signed.form().get("request_type");
        audit.type(eventType(requestType), requestType);
        RequestSpan.current().requestType(requestType);
        Policy policy = realm.requireServing();
        GrantContext context = new GrantContext(realm, audit);
        ObjectNode answer = "exchange".equals(requestType) && signed.form().get("resource_token") != null
                ? exchange(signed, policy, context)
                : grant(requestType, signed, policy, context);
        // A request token is not a grant: the event follows with the user's decision.
        if (answer.has("auth_token")) {
            audit.granted();
        }
        return answer;
    }

    private ObjectNode exchange(SignedForm signed, Policy policy, GrantContext context) {
        ExchangeRequester exchange = realm.requesterVerifier()
                .verifyExchange(signed.request(), signed.form().get("resource_token"), trustedIssuers(policy));
        TokenRequest request = admit(exchange.requester(), signed, policy);
        if (!policy.exchangeEnabled()) {
            throw OAuthException.invalidRequest("Token exchange is not enabled for this realm");
        }
        return ExchangeGrant.handle(request, exchange.upstream(), context);
    }

    /**
     * Only these four request types exist: no provider is looked up by a name from the caller (hole
     * J15).
     */
    private ObjectNode grant(String requestType, SignedForm signed, Policy policy, GrantContext context) {
        Requester requester = realm.requesterVerifier().verify(signed.request());
        TokenRequest request = admit(requester, signed, policy);
        return switch (requestType == null ? "" : requestType) {
            case "auth" -> AuthGrant.handle(request, context);
            case "code" -> CodeGrant.handle(request, context);
            case "refresh" -> RefreshTokenGrant.handle(request, context);
            case "exchange" -> throw OAuthException.invalidRequest("Missing required parameter: resource_token");
            case "" -> throw missingRequestType(signed.form());
            default -> throw unsupported(requestType);
        };
    }

    /** Remaining checks of every request after its requester is authenticated. */
    private TokenRequest admit(Requester requester, SignedForm signed, Policy policy) {
        audit.requester(requester);
        signed.requireNoDuplicates();
        if (!policy.allowsAgent(requester.agent())) {
            throw OAuthException.accessDenied("Agent is not allowed by policy");
        }
        return new TokenRequest(signed.form(), requester, policy);
    }

    private List<String> trustedIssuers(Policy policy) {
        List<String> issuers = new ArrayList<>(policy.trustedIssuers());
        issuers.add(realm.issuer());
        return issuers;
    }

    private static OAuthException missingRequestType(FormParameters form) {
        return form.has("request_type") ? unsupported("") : OAuthException.invalidRequest("Missing required parameter: request_type");
    }

    private static OAuthException unsupported(String requestType) {
        return new OAuthException(
                400, "unsupported_grant_type", "Unsupported request_type: " + OAuthException.quoted(requestType));
    }

    private static EventType eventType(String requestType) {
        return switch (requestType == null ? "" : requestType) {
            case "code" -> EventType.CODE_TO_TOKEN;
            case "refresh" -> EventType.REFRESH_TOKEN;
            case "exchange" -> EventType.TOKEN_EXCHANGE;
            // An agent that obtains a token for itself corresponds to a client login in Keycloak.
            default -> EventType.CLIENT_LOGIN;
        };
    }
}
