package demo.aauth.keycloak.realm;

import demo.aauth.keycloak.discovery.LocalName;
import demo.aauth.keycloak.encoding.HttpUrl;

import java.net.URI;
import java.util.Optional;

/**
 * The authority in signatures, from configuration and never from {@code Host} (hole J6). Without a
 * configured hostname Keycloak takes its name from each request, which is only acceptable on a
 * developer's machine.
 */
final class ServedAuthority {

    private ServedAuthority() {
    }

    /**
     * @param baseUri the server's URL according to Keycloak for this request
     * @param configured whether that comes from configuration
     * @return nothing if the request determined the URL
     */
    static Optional<String> of(URI baseUri, boolean configured, boolean development) {
        return HttpUrl.of(baseUri)
                .filter(url -> configured || development && LocalName.test(url.host()))
                .map(HttpUrl::authority);
    }
}
