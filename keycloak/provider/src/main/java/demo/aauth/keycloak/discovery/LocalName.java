package demo.aauth.keycloak.discovery;

/**
 * Names and literals of this machine: {@code localhost}, {@code *.localhost}, 127.0.0.0/8,
 * {@code [::1]}.
 */
public final class LocalName {

    private LocalName() {
    }

    /** @param host in lower case */
    public static boolean test(String host) {
        return host.equals("localhost") || host.endsWith(".localhost") || host.equals("[::1]")
                || host.matches("127\\.[0-9]+\\.[0-9]+\\.[0-9]+");
    }
}
