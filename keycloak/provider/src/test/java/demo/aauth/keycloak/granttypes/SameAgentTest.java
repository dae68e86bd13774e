package demo.aauth.keycloak.granttypes;

import demo.aauth.keycloak.keys.Ed25519Key;
import demo.aauth.keycloak.signing.Requester;
import demo.aauth.keycloak.support.TestKey;
import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Agents that may redeem, refresh and revoke a grant. */
class SameAgentTest {

    private static final String AGENT = "https://agent.example";
    private static final Ed25519Key KEY = Ed25519Key.of(TestKey.generate().x());

    private static Requester requester(String agent, String delegate) {
        return new Requester(agent, delegate, true, KEY, true);
    }

    @Test
    void whatADelegateWasGivenIsNeitherItsAgentsNorAnotherDelegates() {
        assertTrue(SameAgent.test(AGENT, "worker-7", requester(AGENT, "worker-7")));
        assertFalse(SameAgent.test(AGENT, "worker-7", requester(AGENT, "worker-8")));
        assertFalse(SameAgent.test(AGENT, "worker-7", requester(AGENT, null)));
        assertFalse(SameAgent.test(AGENT, "worker-7", requester("https://other.example", "worker-7")));
    }

    @Test
    void whatAnAgentWasGivenIsNotItsDelegates() {
        assertTrue(SameAgent.test(AGENT, null, requester(AGENT, null)));
        assertFalse(SameAgent.test(AGENT, null, requester(AGENT, "worker-7")));
        assertFalse(SameAgent.test(AGENT, null, requester("https://other.example", null)));
    }
}
