package demo.aauth.keycloak.signing;

/** The dialects of signed messages. The names are those of the TypeScript library. */
public enum Profile {
    FEBRUARY_2026("february-2026"),
    /**
     * What the published demo speaks: neither body nor nonce is covered, so a body can be exchanged
     * and a request repeated.
     */
    FEBRUARY_2026_PUBLISHED("february-2026-published");

    private final String title;

    Profile(String title) {
        this.title = title;
    }

    public String title() {
        return title;
    }

    /** Whether a signature has to cover the body. */
    boolean bindsBody() {
        return this == FEBRUARY_2026;
    }
}
