package demo.aauth.keycloak.signing;

import demo.aauth.keycloak.keys.Ed25519Key;

/**
 * The verified signer of a request.
 *
 * @param agent agent identifier, or {@code pseudonymous:<thumbprint>} if only a key is known
 * (scheme hwk)
 * @param agentDelegate the agent's delegate that signed, or null
 * @param identified whether {@code agent} is an identity that others can address
 * @param key the key that signed
 * @param bodyBound whether the signature covers the body; false for some requests of published
 * peers
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
