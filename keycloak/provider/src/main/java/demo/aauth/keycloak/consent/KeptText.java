package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.errors.OAuthException;

/**
 * What an agent says that is kept until its user has decided, and then comes back in an address.
 */
public final class KeptText {

    /**
     * Addresses that are longer are cut or refused on the way by one browser or proxy or another.
     */
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
