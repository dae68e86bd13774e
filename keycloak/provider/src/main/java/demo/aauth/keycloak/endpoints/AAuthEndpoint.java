package demo.aauth.keycloak.endpoints;

import demo.aauth.keycloak.consent.ConsentEndpoint;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.realm.AAuthRealm;
import demo.aauth.keycloak.realm.AuditTrail;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.OPTIONS;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.keycloak.events.EventBuilder;
import org.keycloak.events.EventType;
import org.keycloak.forms.login.LoginFormsProvider;
import org.keycloak.models.KeycloakSession;

import java.util.function.Function;

/** Everything below {@code {realm}/protocol/aauth}. */
public class AAuthEndpoint {

    private static final String DOCUMENT_CACHE = "public, max-age=60";
    /**
     * Types of bodies that are read, and refused if they are not forms. Excludes multipart bodies,
     * which Keycloak reads itself; reading them here first would cause a server error.
     */
    private static final String APPLICATION = "application/*";
    private static final String TEXT = "text/*";

    private final AAuthRealm realm;
    private final EventBuilder event;

    public AAuthEndpoint(AAuthRealm realm, EventBuilder event) {
        this.realm = realm;
        this.event = event;
    }

    /** The realm's keys. */
    @GET
    @Path("certs")
    public Response certs() {
        return CrossOrigin.everyone(Response.ok(realm.keys().document())
                .type(MediaType.APPLICATION_JSON_TYPE).header("Cache-Control", DOCUMENT_CACHE)).build();
    }

    /** @param body the raw bytes, which the signature covers, taken before parsing */
    @POST
    @Path("agent/token")
    @Consumes({APPLICATION, TEXT})
    public Response token(byte[] body) {
        return new TokenEndpoint(realm, event).handle(body);
    }

    /** @param body as for {@link #token(byte[])} */
    @POST
    @Path("agent/revoke")
    @Consumes({APPLICATION, TEXT})
    public Response revoke(byte[] body) {
        return new RevocationEndpoint(realm, event).handle(body);
    }

    @OPTIONS
    @Path("agent/{endpoint: token|revoke}")
    public Response preflight() {
        return new CrossOrigin(realm.session()).preflight();
    }

    /** Page to which an agent sends its user for consent. */
    @GET
    @Path("agent/auth")
    public Response auth() {
        return inBrowser(consent -> consent.show(realm.session().getContext().getUri().getQueryParameters()));
    }

    /**
     * Accepts the decision.
     *
     * @param body raw bytes, as for {@link #token(byte[])}, because a malformed form would
     * otherwise cause a server error before this is called
     */
    @POST
    @Path("agent/auth/consent")
    @Consumes({APPLICATION, TEXT})
    public Response consent(byte[] body) {
        return inBrowser(consent -> {
            SignedForm answer = SignedForm.read(realm.session(), body);
            answer.requireNoDuplicates();
            return consent.decide(answer.form());
        });
    }

    private Response inBrowser(Function<ConsentEndpoint, Response> answer) {
        try {
            return answer.apply(new ConsentEndpoint(realm, event));
        } catch (OAuthException refusal) {
            new AuditTrail(event, EventType.GRANT_CONSENT).refused(refusal);
            return refusal(refusal);
        }
    }

    /**
     * A page for a browser, otherwise JSON. Never a redirect, because there is no trusted address.
     */
    private Response refusal(OAuthException refusal) {
        KeycloakSession session = realm.session();
        String accept = session.getContext().getHttpRequest().getHttpHeaders().getHeaderString("Accept");
        if (accept == null || !accept.contains(MediaType.TEXT_HTML)) {
            return Answers.refusal(refusal).build();
        }
        Response page = session.getProvider(LoginFormsProvider.class)
                .setError("aauthRequestRefused", refusal.getMessage(), refusal.error())
                .createErrorPage(Response.Status.fromStatusCode(refusal.status()));
        return Answers.noStore(Response.fromResponse(page)).build();
    }
}
