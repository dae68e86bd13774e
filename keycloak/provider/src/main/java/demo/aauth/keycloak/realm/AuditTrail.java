package demo.aauth.keycloak.realm;

import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.policy.PolicyException;
import demo.aauth.keycloak.signing.Requester;
import org.jboss.logging.Logger;
import org.keycloak.events.Details;
import org.keycloak.events.EventBuilder;
import org.keycloak.events.EventType;

/**
 * One Keycloak event for each grant and refusal, with the details {@code agent},
 * {@code agent_delegate}, {@code resource}, {@code scope}, {@code request_type}, and
 * {@code body_bound=false} if the signature does not cover the body. An agent is named once its
 * signature is verified; tokens are only identified by their id.
 */
public final class AuditTrail {

    private static final Logger LOG = Logger.getLogger(AuditTrail.class);
    /** Limit of Keycloak's database. */
    private static final int MAX_LENGTH = 255;

    private final EventBuilder event;

    public AuditTrail(EventBuilder event, EventType type) {
        this.event = event.event(type).detail(Details.AUTH_METHOD, "aauth");
    }

    /** Sets the type of the request, as far as it is stated. */
    public void type(EventType type, String requestType) {
        event.event(type).detail("request_type", cut(requestType));
    }

    public void requester(Requester requester) {
        agent(requester.agent(), requester.agentDelegate());
        event.detail("agent_jkt", requester.thumbprint());
        if (!requester.bodyBound()) {
            event.detail("body_bound", "false");
            LOG.warnf("The signature of %s does not cover the body", requester.agent());
        }
    }

    /** @param agentDelegate may be null */
    public void agent(String agent, String agentDelegate) {
        event.client(cut(agent)).detail("agent", cut(agent)).detail("agent_delegate", cut(agentDelegate));
    }

    /** @param subject user id, or null */
    public void decision(String resource, String scope, String subject) {
        event.detail("resource", cut(resource)).detail(Details.SCOPE, cut(scope));
        if (subject != null) {
            event.user(cut(subject));
        }
    }

    public void tokenId(String id) {
        event.detail(Details.TOKEN_ID, id);
    }

    /** @param value may be null */
    public void detail(String name, String value) {
        event.detail(name, cut(value));
    }

    public void granted() {
        event.success();
    }

    public void refused(OAuthException refusal) {
        LOG.debugf(refusal, "Request refused: %s", refusal.getMessage());
        event.detail(Details.REASON, cut(refusal.getMessage())).detail("oauth_error", refusal.error());
        if (refusal.getCause() instanceof PolicyException problem) {
            event.detail("problem", cut(problem.getMessage()));
        }
        event.error(refusal.reasonCode());
    }

    private static String cut(String text) {
        return text == null || text.length() <= MAX_LENGTH ? text : text.substring(0, MAX_LENGTH);
    }
}
