package demo.aauth.keycloak.signing;

import java.net.URI;
import java.util.Locale;

/** What {@code @authority} stands for (profile 2.2). */
public final class CanonicalAuthority {

    private CanonicalAuthority() {
    }

    /** Lower-case host, the port only when it is not the scheme's own. */
    public static String of(URI uri) {
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        int defaultPort = uri.getScheme().equalsIgnoreCase("https") ? 443 : 80;
        return uri.getPort() < 0 || uri.getPort() == defaultPort ? host : host + ":" + uri.getPort();
    }
}
