package demo.aauth.keycloak.tokens;

/** The JOSE {@code typ} of tokens (profile 4). */
public final class TokenType {

    public static final String AGENT = "agent+jwt";
    public static final String RESOURCE = "resource+jwt";
    public static final String AUTH = "auth+jwt";

    private TokenType() {
    }
}
