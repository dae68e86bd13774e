package demo.aauth.keycloak.realm;

import demo.aauth.keycloak.discovery.LocalName;
import demo.aauth.keycloak.encoding.HttpUrl;

import java.net.URI;
import java.util.Optional;

/**
 * The authority that signatures are made for: from configuration, never from {@code Host} (hole
 * J6). Without a configured hostname Keycloak takes its name from each request; that is good enough
 * on a developer's machine only.
 */
final class ServedAuthority {

    private ServedAuthority() {
    }

    /**
     * @param baseUri the server's address as Keycloak gives it for this request
     * @param configured whether that comes from configuration
     * @return nothing when the address is one that the request has chosen
     */
    static Optional<String> of(URI baseUri, boolean configured, boolean development) {
        return HttpUrl.of(baseUri)
                .filter(url -> configured || development && LocalName.test(url.host()))
                .map(HttpUrl::authority);
    }
}
