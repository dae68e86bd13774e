package demo.aauth.keycloak.granttypes;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.realm.AAuthRealm;
import demo.aauth.keycloak.signing.CanonicalAuthority;
import demo.aauth.keycloak.signing.Requester;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;

/**
 * Refuses to send a user anywhere the agent has not published: the URI must be one of {@code redirect_uris} in its metadata, exactly
 * (hole J9). In development an agent that publishes none may be returned to at its own origin.
 */
final class RedirectUriCheck {

    private RedirectUriCheck() {
    }

    /** @throws OAuthException 400 {@code invalid_request} */
    static void require(String redirectUri, Requester requester, AAuthRealm realm) {
        URI uri = parse(redirectUri);
        if (!requester.identified() || uri == null) {
            throw notRegistered();
        }
        List<String> registered = registeredUris(requester.agent(), realm);
        boolean allowed = registered == null
                ? realm.settings().development() && isOwnOrigin(uri, URI.create(requester.agent()))
                : registered.contains(redirectUri);
        if (!allowed) {
            throw notRegistered();
        }
    }

    private static List<String> registeredUris(String agent, AAuthRealm realm) {
        try {
            return realm.discovery().agent(agent).redirectUris();
        } catch (AAuthException refusal) {
            throw new OAuthException(400, "invalid_request", "The agent's metadata could not be read", refusal);
        }
    }

    private static boolean isOwnOrigin(URI uri, URI agent) {
        return uri.getRawUserInfo() == null && uri.getScheme().equals(agent.getScheme())
                && CanonicalAuthority.of(uri).equals(CanonicalAuthority.of(agent));
    }

    /** Null for anything but an absolute http or https URL without fragment. */
    private static URI parse(String redirectUri) {
        try {
            URI uri = new URI(redirectUri);
            boolean usable = uri.getHost() != null && uri.getRawFragment() == null
                    && ("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()));
            return usable ? uri : null;
        } catch (URISyntaxException malformed) {
            return null;
        }
    }

    private static OAuthException notRegistered() {
        return OAuthException.invalidRequest("redirect_uri is not registered for this agent");
    }
}
