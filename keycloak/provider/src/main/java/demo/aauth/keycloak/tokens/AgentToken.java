package demo.aauth.keycloak.tokens;

import demo.aauth.keycloak.keys.Ed25519Key;

/**
 * Contents of a verified agent token.
 *
 * @param agent the agent server, which is the agent's identity
 * @param delegate stable across rotations of its key
 * @param key key that must sign the request
 */
public record AgentToken(String agent, String delegate, Ed25519Key key) {
}
