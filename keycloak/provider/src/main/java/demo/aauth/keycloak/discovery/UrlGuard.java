package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.encoding.HttpUrl;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * Decides from the text of a URL whether it may be fetched (profile 5.2). {@link NetworkGuard} also
 * checks the connection, because a permitted name may resolve to a forbidden address.
 */
final class UrlGuard {

    private UrlGuard() {
    }

    /**
     * Returns the parsed URL if it may be fetched: {@code https}, or in development also
     * {@code http} on this machine.
     *
     * @throws AAuthException {@code discovery_blocked}
     */
    static HttpUrl guard(String url, boolean development) {
        HttpUrl parsed = HttpUrl.parse(url).orElseThrow(() -> blocked("not an absolute http or https URL"));
        if (parsed.hasCredentials()) {
            throw blocked("a URL with credentials");
        }
        boolean local = LocalName.test(parsed.host());
        if (parsed.scheme().equals("http")) {
            if (!development) {
                throw blocked("http is only for development");
            }
            if (!local) {
                throw blocked("http is only for loopback and *.localhost");
            }
        }
        if (local ? !development : isClosedAddress(parsed)) {
            throw blocked("a loopback, private or link-local address");
        }
        return parsed;
    }

    /**
     * Rejects all IPv6 literals, because metadata is published under names and the list of special
     * IPv6 ranges keeps growing.
     */
    private static boolean isClosedAddress(HttpUrl url) {
        if (!url.isAddress()) {
            return false;
        }
        try {
            return url.host().startsWith("[") || !new NetworkGuard(false).allows(InetAddress.getByName(url.host()));
        } catch (UnknownHostException impossible) {
            // Four numbers are an address and need no lookup.
            throw new IllegalStateException(impossible);
        }
    }

    private static AAuthException blocked(String reason) {
        return new AAuthException(ErrorCode.DISCOVERY_BLOCKED, "address refused: " + reason);
    }
}
