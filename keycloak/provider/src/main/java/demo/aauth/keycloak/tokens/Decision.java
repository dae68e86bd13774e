package demo.aauth.keycloak.tokens;

import demo.aauth.keycloak.keys.Ed25519Key;

/**
 * What has been decided and is now to be written down in an auth token.
 *
 * @param agentDelegate null when the agent asks without one
 * @param key the token is bound to it
 * @param scope space-separated
 * @param subject the user that the agent acts for, or null
 * @param act in an exchange the requester's caller, else null
 * @param notAfter Unix seconds; the token ends then, even where policy would have it live longer:
 *        what it rests on ends then. Null where it rests on nothing that ends
 */
public record Decision(
        String agent, String agentDelegate, Ed25519Key key, String resource, String scope, String subject, Act act, Long notAfter) {

    /** A decision that rests on no other token. */
    public static Decision of(
            String agent, String agentDelegate, Ed25519Key key, String resource, String scope, String subject) {
        return new Decision(agent, agentDelegate, key, resource, scope, subject, null, null);
    }
}
