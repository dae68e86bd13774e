package demo.aauth.keycloak.tokens;

import demo.aauth.keycloak.keys.Ed25519Key;

/**
 * A decision to be issued as an auth token.
 *
 * @param agentDelegate null if the agent asks without one
 * @param key key to which the token is bound
 * @param scope space-separated
 * @param subject the user that the agent acts for, or null
 * @param act in an exchange the requester's caller, otherwise null
 * @param notAfter Unix seconds; latest expiry, even if policy allows a longer lifetime, because the
 * token that it is derived from expires then. Null if it is not derived from one
 */
public record Decision(
        String agent, String agentDelegate, Ed25519Key key, String resource, String scope, String subject, Act act, Long notAfter) {

    /** A decision that is not derived from another token. */
    public static Decision of(
            String agent, String agentDelegate, Ed25519Key key, String resource, String scope, String subject) {
        return new Decision(agent, agentDelegate, key, resource, scope, subject, null, null);
    }
}
