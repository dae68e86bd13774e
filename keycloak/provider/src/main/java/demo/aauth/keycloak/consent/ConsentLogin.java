package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.realm.AAuthRealm;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriBuilder;
import org.keycloak.events.EventBuilder;
import org.keycloak.events.EventType;
import org.keycloak.models.ClientModel;
import org.keycloak.models.KeycloakSession;
import org.keycloak.protocol.AuthorizationEndpointBase;
import org.keycloak.protocol.LoginProtocol;
import org.keycloak.sessions.AuthenticationSessionModel;

/**
 * Signs a person in with the realm's browser flow and returns them to the consent page. The request
 * token is kept in the authentication session on the server.
 */
public final class ConsentLogin extends AuthorizationEndpointBase {

    private static final String REQUEST_TOKEN_NOTE = "aauth.request_token";
    private static final String STATE_NOTE = "aauth.state";

    ConsentLogin(KeycloakSession session, EventBuilder event) {
        super(session, event.event(EventType.LOGIN));
    }

    /** @param state null if there is none */
    Response start(String requestToken, String state) {
        ClientModel client = ConsentClient.of(session, realm);
        session.getContext().setClient(client);
        event.client(client);
        AuthenticationSessionModel authSession = createAuthenticationSession(client, null);
        authSession.setProtocol(AAuthRealm.PROTOCOL);
        authSession.setAction(AuthenticationSessionModel.Action.AUTHENTICATE.name());
        authSession.setClientNote(REQUEST_TOKEN_NOTE, requestToken);
        if (state != null) {
            authSession.setClientNote(STATE_NOTE, state);
        }
        LoginProtocol protocol = session.getProvider(LoginProtocol.class, AAuthRealm.PROTOCOL);
        return handleBrowserAuthenticationRequest(authSession, protocol, false, false);
    }

    /**
     * End of a sign-in. A person who has just signed in always sees the page, even if an earlier
     * consent would cover the request.
     */
    public static Response toConsentPage(AAuthRealm realm, AuthenticationSessionModel authSession) {
        UriBuilder page = UriBuilder.fromUri(realm.endpoint("/agent/auth"))
                .queryParam("request_token", "{token}").queryParam("prompt", "consent");
        String requestToken = authSession.getClientNote(REQUEST_TOKEN_NOTE);
        String state = authSession.getClientNote(STATE_NOTE);
        return Response.seeOther(state == null
                ? page.build(requestToken)
                : page.queryParam("state", "{state}").build(requestToken, state)).build();
    }
}
