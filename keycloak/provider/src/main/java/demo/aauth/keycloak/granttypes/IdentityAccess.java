package demo.aauth.keycloak.granttypes;

import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.policy.Policy;

import java.util.List;

/**
 * Whether a party may learn a user's identity. Checked whenever a token is issued, because the
 * policy may have changed.
 */
final class IdentityAccess {

    private IdentityAccess() {
    }

    /** @throws OAuthException 403 {@code access_denied} */
    static void require(Policy policy, String agent, String resource, List<String> scopes) {
        if (!policy.allowsIdentity(agent, resource, scopes)) {
            throw OAuthException.accessDenied("Agent is not allowed to ask who its users are");
        }
    }
}
