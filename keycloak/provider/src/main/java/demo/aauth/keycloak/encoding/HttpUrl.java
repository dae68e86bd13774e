package demo.aauth.keycloak.encoding;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An absolute {@code http} or {@code https} URL. {@link URI} finds no host in names that RFC 1123
 * does not allow, such as those with an underscore; but DNS, container networks and identifiers may
 * have them. So this class parses the host itself, with one rule for all callers.
 *
 * @param scheme lower case
 * @param host lower case; an IPv6 address in brackets
 * @param port as written, or -1
 * @param hasCredentials whether user information precedes the host, even if empty
 */
public record HttpUrl(URI uri, String scheme, String host, int port, boolean hasCredentials) {

    /** Limit on untrusted URLs, which are looked up, fetched and stored. */
    public static final int MAX_LENGTH = 2_048;

    /** Possessive, because backtracking would cost a stack frame for each label. */
    private static final Pattern AUTHORITY = Pattern.compile(
            "([^@]*+@)?([A-Za-z0-9_-]++(?:\\.[A-Za-z0-9_-]++)*+\\.?|\\[[0-9A-Fa-f:.]++])(?::([0-9]{1,5}))?");
    private static final Pattern IPV4 = Pattern.compile("(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\\.(?!$)|$)){4}");
    /**
     * URL parsers read a host whose last label looks like this as an IPv4 address:
     * {@code 2130706433}, {@code 0x7f.1}.
     */
    private static final Pattern NUMERIC_LABEL = Pattern.compile("(?:[0-9]+|0x[0-9a-f]*)");
    private static final int MAX_PORT = 65_535;

    /** The URL, or empty for any other string. */
    public static Optional<HttpUrl> parse(String text) {
        try {
            return text.length() > MAX_LENGTH ? Optional.empty() : of(new URI(text));
        } catch (URISyntaxException malformed) {
            return Optional.empty();
        }
    }

    /** The URL, or empty for any other URI. */
    public static Optional<HttpUrl> of(URI uri) {
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        Matcher authority = AUTHORITY.matcher(String.valueOf(uri.getRawAuthority()));
        if (!scheme.equals("https") && !scheme.equals("http") || uri.getRawAuthority() == null || !authority.matches()) {
            return Optional.empty();
        }
        String host = authority.group(2).toLowerCase(Locale.ROOT);
        int port = authority.group(3) == null ? -1 : Integer.parseInt(authority.group(3));
        return isHost(host) && port <= MAX_PORT
                ? Optional.of(new HttpUrl(uri, scheme, host, port, authority.group(1) != null))
                : Optional.empty();
    }

    /**
     * Returns false for an IPv4 address not written as four decimal numbers.
     *
     * @param host lower case
     */
    public static boolean isHost(String host) {
        String lastLabel = host.substring(host.lastIndexOf('.') + 1);
        return !NUMERIC_LABEL.matcher(lastLabel).matches() || IPV4.matcher(host).matches();
    }

    /** Whether the host is an IPv4 or IPv6 address rather than a name. */
    public boolean isAddress() {
        return host.startsWith("[") || IPV4.matcher(host).matches();
    }

    /** Scheme, host and port in a browser's notation. */
    public String origin() {
        return scheme + "://" + authority();
    }

    /** Lower-case host, with the port unless it is the scheme's default. */
    public String authority() {
        return port < 0 || port == (scheme.equals("https") ? 443 : 80) ? host : host + ":" + port;
    }
}
