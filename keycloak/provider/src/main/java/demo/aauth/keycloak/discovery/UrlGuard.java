package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;

/**
 * Which addresses may be fetched at all, decided from the text of the URL (profile 5.2). The connection itself is guarded a second time
 * by {@link NetworkGuard}, because a permitted name may resolve to a forbidden address.
 */
final class UrlGuard {

    private UrlGuard() {
    }

    /**
     * The parsed URL when it may be fetched: {@code https}, or in development also {@code http} for this machine.
     *
     * @throws AAuthException {@code discovery_blocked}
     */
    static URI guard(String url, boolean development) {
        URI uri = parse(url);
        if (uri.getRawUserInfo() != null) {
            throw blocked("a URL with credentials");
        }
        boolean local = isLocalName(uri.getHost());
        if (uri.getScheme().equalsIgnoreCase("http")) {
            if (!development) {
                throw blocked("http is only for development");
            }
            if (!local) {
                throw blocked("http is only for loopback and *.localhost");
            }
        } else if (!uri.getScheme().equalsIgnoreCase("https")) {
            throw blocked("only https may be fetched");
        }
        if (!development && local) {
            throw blocked("a loopback, private or link-local address");
        }
        return uri;
    }

    /** Names and literals that mean this machine: {@code localhost}, {@code *.localhost}, 127.0.0.0/8, {@code [::1]}. */
    static boolean isLocalName(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        return name.equals("localhost") || name.endsWith(".localhost") || name.equals("[::1]")
                || name.matches("127\\.[0-9]+\\.[0-9]+\\.[0-9]+");
    }

    private static URI parse(String url) {
        try {
            URI uri = new URI(url);
            if (uri.getScheme() != null && uri.getHost() != null) {
                return uri;
            }
        } catch (URISyntaxException malformed) {
            // reported below, like a relative URL
        }
        throw blocked("not an absolute URL");
    }

    private static AAuthException blocked(String reason) {
        return new AAuthException(ErrorCode.DISCOVERY_BLOCKED, "address refused: " + reason);
    }
}
