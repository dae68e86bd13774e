package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.errors.OAuthException;

/** An agent's value that is stored until its user has decided, and then returned in a URL. */
public final class KeptText {

    /** Some browsers and proxies truncate or refuse longer URLs. */
    static final int MAX_LENGTH = 2_048;

    private KeptText() {
    }

    /**
     * @param value may be null
     * @throws OAuthException 400 {@code invalid_request}
     */
    public static void requireBounded(String name, String value) {
        if (value != null && value.length() > MAX_LENGTH) {
            throw OAuthException.invalidRequest(name + " is longer than " + MAX_LENGTH + " characters");
        }
    }
}
