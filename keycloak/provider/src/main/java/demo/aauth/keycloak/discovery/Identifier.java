package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.encoding.HttpUrl;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Identifiers of agents, resources and issuers: URLs that are compared as strings, so only one
 * spelling of each is valid.
 */
public final class Identifier {

    /**
     * Possessive, because backtracking would cost a stack frame for each label and each segment.
     */
    private static final Pattern CANONICAL = Pattern.compile(
            "(https?)://([a-z0-9_-]++(?:\\.[a-z0-9_-]++)*+|\\[::1\\])(?::([1-9][0-9]{0,4}))?((?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]*+)*+)");
    private static final Pattern DOT_SEGMENT = Pattern.compile("/(?:\\.|%2[eE]){1,2}(?:/|$)");

    private Identifier() {
    }

    /**
     * Whether a value is an {@code http} or {@code https} URL without credentials, query, fragment,
     * default port, dot segment or trailing slash, in lower case up to its path; no longer than
     * {@link HttpUrl#MAX_LENGTH}.
     */
    public static boolean isCanonical(String value) {
        if (value.length() > HttpUrl.MAX_LENGTH) {
            return false;
        }
        Matcher url = CANONICAL.matcher(value);
        return url.matches() && !value.endsWith("/")
                && !DOT_SEGMENT.matcher(url.group(4)).find()
                && HttpUrl.isHost(url.group(2))
                && isCanonicalPort(url.group(1), url.group(3));
    }

    private static boolean isCanonicalPort(String scheme, String port) {
        return port == null || Integer.parseInt(port) <= 65_535 && !port.equals(scheme.equals("https") ? "443" : "80");
    }
}
