package demo.aauth.keycloak;

import demo.aauth.keycloak.consent.ConsentLogin;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import org.keycloak.events.EventBuilder;
import org.keycloak.models.AuthenticatedClientSessionModel;
import org.keycloak.models.ClientModel;
import org.keycloak.models.ClientSessionContext;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserSessionModel;
import org.keycloak.protocol.ClientData;
import org.keycloak.protocol.LoginProtocol;
import org.keycloak.services.ErrorPage;
import org.keycloak.services.messages.Messages;
import org.keycloak.sessions.AuthenticationSessionModel;

/**
 * Keycloak's callbacks for sign-in and sign-out. People sign in here only to be asked for consent,
 * so a sign-in ends at the consent page and a sign-out has no effect.
 */
final class AAuthLoginProtocol implements LoginProtocol {

    private final KeycloakSession session;
    private final AAuthLoginProtocolFactory factory;

    AAuthLoginProtocol(KeycloakSession session, AAuthLoginProtocolFactory factory) {
        this.session = session;
        this.factory = factory;
    }

    @Override
    public Response authenticated(
            AuthenticationSessionModel authSession, UserSessionModel userSession, ClientSessionContext clientSessionCtx) {
        return ConsentLogin.toConsentPage(factory.realm(session), authSession);
    }

    @Override
    public Response sendError(AuthenticationSessionModel authSession, Error error, String errorMessage) {
        if (error == Error.ALREADY_LOGGED_IN) {
            return ConsentLogin.toConsentPage(factory.realm(session), authSession);
        }
        // Never redirects to the agent, because a failed sign-in is not a decision on its request.
        return ErrorPage.error(session, authSession, Response.Status.BAD_REQUEST, Messages.UNEXPECTED_ERROR_HANDLING_REQUEST);
    }

    @Override
    public Response sendError(ClientModel client, ClientData clientData, Error error) {
        // clientData comes from the browser and is not trusted; Keycloak shows its own page
        // instead.
        return null;
    }

    @Override
    public ClientData getClientData(AuthenticationSessionModel authSession) {
        return new ClientData();
    }

    @Override
    public Response backchannelLogout(UserSessionModel userSession, AuthenticatedClientSessionModel clientSession) {
        return Response.noContent().build();
    }

    @Override
    public Response frontchannelLogout(UserSessionModel userSession, AuthenticatedClientSessionModel clientSession) {
        return null;
    }

    @Override
    public Response finishBrowserLogout(UserSessionModel userSession, AuthenticationSessionModel logoutSession) {
        throw new UnsupportedOperationException("no logout starts here");
    }

    @Override
    public boolean requireReauthentication(UserSessionModel userSession, AuthenticationSessionModel authSession) {
        return false;
    }

    @Override
    public LoginProtocol setSession(KeycloakSession ignored) {
        return this;
    }

    @Override
    public LoginProtocol setRealm(RealmModel ignored) {
        return this;
    }

    @Override
    public LoginProtocol setUriInfo(UriInfo ignored) {
        return this;
    }

    @Override
    public LoginProtocol setHttpHeaders(HttpHeaders ignored) {
        return this;
    }

    @Override
    public LoginProtocol setEventBuilder(EventBuilder ignored) {
        return this;
    }

    @Override
    public void close() {
        // no resources to release
    }
}
