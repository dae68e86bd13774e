package demo.aauth.keycloak.tokens;

import demo.aauth.keycloak.keys.Ed25519Key;

/**
 * What a verified agent token says.
 *
 * @param agent the agent server, which is the agent's identity
 * @param delegate stable over rotations of its key
 * @param key that must sign the request
 */
public record AgentToken(String agent, String delegate, Ed25519Key key) {
}
