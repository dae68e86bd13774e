package demo.aauth.keycloak.granttypes;

import demo.aauth.keycloak.discovery.Discovery;
import demo.aauth.keycloak.encoding.HttpUrl;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.signing.Requester;

import java.util.List;

/**
 * Requires a redirect URI that the agent has published: an exact match with one of
 * {@code redirect_uris} in its metadata (hole J9). In development an agent that publishes none may
 * use its own origin. URIs with credentials are refused, because a user name before the host looks
 * like a host.
 */
final class RedirectUriCheck {

    private RedirectUriCheck() {
    }

    /**
     * @param development see {@link demo.aauth.keycloak.realm.AAuthSettings}
     * @throws OAuthException 400 {@code invalid_request}
     */
    static void require(String redirectUri, Requester requester, Discovery discovery, boolean development) {
        HttpUrl url = parse(redirectUri);
        if (!requester.identified() || url == null) {
            throw notRegistered();
        }
        List<String> registered = registeredUris(requester.agent(), discovery);
        boolean allowed = registered == null
                ? development && isOwnOrigin(url, requester.agent())
                : registered.contains(redirectUri);
        if (!allowed) {
            throw notRegistered();
        }
    }

    private static List<String> registeredUris(String agent, Discovery discovery) {
        try {
            return discovery.agent(agent).redirectUris();
        } catch (AAuthException refusal) {
            throw new OAuthException(400, "invalid_request", "The agent's metadata could not be read", refusal);
        }
    }

    private static boolean isOwnOrigin(HttpUrl url, String agent) {
        return HttpUrl.parse(agent).filter(own -> own.origin().equals(url.origin())).isPresent();
    }

    /** Null for anything but an absolute http or https URL without fragment and credentials. */
    private static HttpUrl parse(String redirectUri) {
        return HttpUrl.parse(redirectUri).filter(url -> url.uri().getRawFragment() == null && !url.hasCredentials()).orElse(null);
    }

    private static OAuthException notRegistered() {
        return OAuthException.invalidRequest("redirect_uri is not registered for this agent");
    }
}
