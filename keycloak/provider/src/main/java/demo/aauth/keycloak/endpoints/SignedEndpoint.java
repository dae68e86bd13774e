package demo.aauth.keycloak.endpoints;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.realm.AAuthRealm;
import demo.aauth.keycloak.realm.AuditTrail;
import demo.aauth.keycloak.tracing.RequestSpan;
import jakarta.ws.rs.core.Response;
import org.jboss.logging.Logger;

/**
 * Base of the endpoints for agents: every answer is JSON, and every outcome an event. Refusals are
 * returned rather than thrown, so that Keycloak's transaction commits and used-up values stay used
 * up.
 */
abstract class SignedEndpoint {

    private static final Logger LOG = Logger.getLogger(SignedEndpoint.class);

    final AAuthRealm realm;
    final AuditTrail audit;
    private final CrossOrigin crossOrigin;

    SignedEndpoint(AAuthRealm realm, AuditTrail audit) {
        this.realm = realm;
        this.audit = audit;
        this.crossOrigin = new CrossOrigin(realm.session());
    }

    /** @param body the bytes as received; null if there is none */
    final Response handle(byte[] body) {
        try {
            ObjectNode answer = answer(SignedForm.read(realm.session(), body));
            return crossOrigin.clientsOnly(Answers.ok(answer));
        } catch (OAuthException refusal) {
            if (refusal.isForLoad()) {
                // The check was not made, so there is no outcome to record as an event, which would
                // cost more than the request itself.
                LOG.debugf(refusal.getCause(), "Request put off");
                return crossOrigin.clientsOnly(Answers.refusal(OAuthException.busy(refusal.getCause())));
            }
            refused(refusal);
            return crossOrigin.clientsOnly(Answers.refusal(refusal));
        } catch (RuntimeException failure) {
            LOG.error("AAuth request failed", failure);
            realm.session().getTransactionManager().setRollbackOnly();
            OAuthException answer = new OAuthException(500, "server_error", "The request could not be answered");
            refused(answer);
            return crossOrigin.clientsOnly(Answers.refusal(answer));
        }
    }

    private void refused(OAuthException refusal) {
        audit.refused(refusal);
        RequestSpan.current().refused(refusal);
    }

    /** @throws OAuthException the refusal */
    abstract ObjectNode answer(SignedForm signed);
}
