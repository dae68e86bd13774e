package demo.aauth.keycloak.granttypes;

import demo.aauth.keycloak.signing.Requester;

import java.util.Objects;

/**
 * Whether a requester is the owner of a grant: the same agent and, if a delegate acts for it, the
 * same delegate.
 */
public final class SameAgent {

    private SameAgent() {
    }

    /** @param agentDelegate null if the agent acted without one */
    public static boolean test(String agent, String agentDelegate, Requester requester) {
        return requester.agent().equals(agent) && Objects.equals(requester.agentDelegate(), agentDelegate);
    }
}
