package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.encoding.FormParameters;
import demo.aauth.keycloak.encoding.Hashes;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.policy.Policy;
import demo.aauth.keycloak.policy.Scopes;
import demo.aauth.keycloak.realm.AAuthRealm;
import demo.aauth.keycloak.realm.AuditTrail;
import demo.aauth.keycloak.storage.ConsentRequest;
import demo.aauth.keycloak.storage.ConsentedRequest;
import demo.aauth.keycloak.storage.Grants;
import demo.aauth.keycloak.storage.ShownConsent;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.Response;
import org.keycloak.events.Details;
import org.keycloak.events.Errors;
import org.keycloak.events.EventBuilder;
import org.keycloak.events.EventType;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.UserSessionModel;
import org.keycloak.services.managers.AuthenticationManager;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Asks the user for consent (profile 6.5). {@code GET agent/auth} shows the page, after a sign-in
 * if needed; {@code POST agent/auth/consent} accepts the decision. A decision uses up the request
 * token, and any attempt the page's consent code. The browser is only sent to an address that was
 * verified when the request was made (hole J10).
 *
 * <p>Both methods throw {@link OAuthException} for what cannot be answered.
 */
public final class ConsentEndpoint {

    private final AAuthRealm realm;
    private final KeycloakSession session;
    private final Grants grants;
    private final ConsentMemory memory;
    private final EventBuilder event;

    public ConsentEndpoint(AAuthRealm realm, EventBuilder event) {
        this.realm = realm;
        this.session = realm.session();
        this.grants = realm.grants();
        this.memory = new ConsentMemory(session);
        this.event = event;
    }

    /** @param query query of the URL to which the agent sent the browser */
    public Response show(MultivaluedMap<String, String> query) {
        Policy policy = realm.requireServing();
        String requestToken = required(query, "request_token");
        ConsentRequest request = grants.consentRequests().find(requestToken)
                .orElseThrow(() -> OAuthException.invalidRequest("Invalid or expired request_token"));
        String redirectUri = single(query, "redirect_uri");
        if (redirectUri != null && !redirectUri.equals(request.redirectUri())) {
            throw OAuthException.invalidRequest("redirect_uri mismatch");
        }
        // The agent's signed request determines the state; the query only applies if it had none
        // (hole J12).
        String state = request.state() != null ? request.state() : single(query, "state");
        KeptText.requireBounded("state", state);

        UserSessionModel userSession = userSession();
        if (userSession == null) {
            return new ConsentLogin(session, event).start(requestToken, state);
        }
        if (!"consent".equals(single(query, "prompt")) && memory.covers(userSession, request)) {
            ConsentRequest taken = take(Hashes.sha256Url(requestToken));
            return agreed(taken, userSession, state, policy, false);
        }
        String consentCode = grants.shownConsents().issue(
                new ShownConsent(Hashes.sha256Url(requestToken), userSession.getId(), userSession.getUser().getId(), state),
                realm.settings().consentLifespanSeconds());
        return ConsentPage.render(realm, request, userSession.getUser(), consentCode, policy, memory.lifespanSeconds(policy));
    }

    /** @param form form of the consent page, with each name once */
    public Response decide(FormParameters form) {
        Policy policy = realm.requireServing();
        String consentCode = form.get("consent_code");
        if (consentCode == null) {
            throw missing("consent_code");
        }
        ShownConsent page = grants.shownConsents().take(consentCode)
                .orElseThrow(() -> OAuthException.invalidRequest("Invalid or expired consent code"));
        UserSessionModel userSession = userSession();
        if (userSession == null || !userSession.getId().equals(page.userSessionId())
                || !userSession.getUser().getId().equals(page.userId())) {
            throw OAuthException.invalidRequest("User session not found or expired");
        }
        ConsentRequest request = take(page.requestTokenHash());
        if (form.has("accept") && !form.has("cancel")) {
            return agreed(request, userSession, page.state(), policy, true);
        }
        audit(request, userSession);
        event.error(Errors.REJECTED_BY_USER);
        return denied(request, page.state(), "User denied the authorization request");
    }

    /** @param now whether the user has just been asked; otherwise an earlier consent applies */
    private Response agreed(ConsentRequest request, UserSessionModel userSession, String state, Policy policy, boolean now) {
        audit(request, userSession).detail(
                Details.CONSENT, now ? Details.CONSENT_VALUE_CONSENT_GRANTED : Details.CONSENT_VALUE_PERSISTED_CONSENT);
        // The policy may have changed while the page was open.
        if (!policy.allowsAgent(request.agent()) || !policy.allowsScopes(Scopes.words(request.scope()))) {
            event.error("access_denied");
            return denied(request, state, "Authorization denied");
        }
        if (now) {
            memory.remember(userSession, request, policy);
        }
        String code = grants.codes().issue(
                new ConsentedRequest(request, userSession.getUser().getId()), Grants.CODE_LIFESPAN_SECONDS);
        event.success();
        return redirect(request, state, Map.of("code", code));
    }

    /**
     * Uses up the request token. Only the first of two decisions, even at different nodes, is
     * accepted (hole J13).
     */
    private ConsentRequest take(String requestTokenHash) {
        return grants.consentRequests().takeHashed(requestTokenHash)
                .orElseThrow(() -> OAuthException.invalidRequest("Request token expired"));
    }

    private UserSessionModel userSession() {
        AuthenticationManager.AuthResult result =
                AuthenticationManager.authenticateIdentityCookie(session, realm.realm(), true);
        return result == null ? null : result.session();
    }

    private AuditTrail audit(ConsentRequest request, UserSessionModel userSession) {
        AuditTrail audit = new AuditTrail(event.session(userSession), EventType.GRANT_CONSENT);
        audit.agent(request.agent(), request.agentDelegate());
        audit.decision(request.resource(), request.scope(), userSession.getUser().getId());
        audit.detail(Details.USERNAME, userSession.getUser().getUsername());
        return audit;
    }

    private static Response denied(ConsentRequest request, String state, String description) {
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("error", "access_denied");
        parameters.put("error_description", description);
        return redirect(request, state, parameters);
    }

    private static Response redirect(ConsentRequest request, String state, Map<String, String> answer) {
        Map<String, String> parameters = new LinkedHashMap<>(answer);
        if (state != null) {
            parameters.put("state", state);
        }
        return Response.seeOther(ConsentRedirect.to(request.redirectUri(), parameters))
                .header("Cache-Control", "no-store").header("Pragma", "no-cache").header("Referrer-Policy", "no-referrer").build();
    }

    private static String required(MultivaluedMap<String, String> parameters, String name) {
        String value = single(parameters, name);
        if (value == null || value.isEmpty()) {
            throw missing(name);
        }
        return value;
    }

    private static OAuthException missing(String name) {
        return OAuthException.invalidRequest("Missing required parameter: " + name);
    }

    /** Reads a parameter that may appear only once; null if absent. */
    private static String single(MultivaluedMap<String, String> parameters, String name) {
        List<String> values = parameters.getOrDefault(name, List.of());
        if (values.size() > 1) {
            throw OAuthException.invalidRequest("duplicated parameter: " + name);
        }
        return values.isEmpty() ? null : values.get(0);
    }
}
