package demo.aauth.keycloak.signing;

import demo.aauth.keycloak.keys.Ed25519Key;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The caller that a message claims to be from. Unproven until its signature verifies with one of
 * the keys.
 *
 * @param agent agent identifier; null if only the key is known (scheme hwk)
 * @param agentDelegate the agent's delegate, or null
 * @param keys one key, except in an exchange, where the agent may have published several with one
 * thumbprint
 * @param replacedKey for a cached key, the key that has since replaced it under the same name, if
 * any
 */
public record CallerCandidate(
        String agent, String agentDelegate, List<Ed25519Key> keys, Supplier<Optional<Ed25519Key>> replacedKey) {

    public static CallerCandidate pseudonymous(Ed25519Key key) {
        return new CallerCandidate(null, null, List.of(key), Optional::empty);
    }

    public static CallerCandidate identified(String agent, List<Ed25519Key> keys) {
        return new CallerCandidate(agent, null, keys, Optional::empty);
    }
}
