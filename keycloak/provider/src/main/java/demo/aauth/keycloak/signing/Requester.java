package demo.aauth.keycloak.signing;

import demo.aauth.keycloak.keys.Ed25519Key;

/**
 * The proven signer of a request.
 *
 * @param agent agent identifier; {@code pseudonymous:<thumbprint>} when only a key is known (scheme
 * hwk)
 * @param agentDelegate the agent's delegate that signed, or null
 * @param identified whether {@code agent} is an identity that others can address
 * @param key the key that signed
 * @param bodyBound whether the signature binds the body of the request: false for some of a
 * published peer's
 */
public record Requester(String agent, String agentDelegate, boolean identified, Ed25519Key key, boolean bodyBound) {

    static Requester of(CallerCandidate candidate, Ed25519Key key, boolean bodyBound) {
        return candidate.agent() == null
                ? new Requester("pseudonymous:" + key.thumbprint(), null, false, key, bodyBound)
                : new Requester(candidate.agent(), candidate.agentDelegate(), true, key, bodyBound);
    }

    public String thumbprint() {
        return key.thumbprint();
    }
}
