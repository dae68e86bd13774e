package demo.aauth.keycloak.signing;

/** The dialects of signed messages, with the names of the TypeScript library. */
public enum Profile {
    FEBRUARY_2026("february-2026"),
    /**
     * The published demo's dialect. It covers neither body nor nonce, so a body can be replaced and
     * a request repeated.
     */
    FEBRUARY_2026_PUBLISHED("february-2026-published");

    private final String title;

    Profile(String title) {
        this.title = title;
    }

    public String title() {
        return title;
    }

    /** Whether a signature must cover the body. */
    boolean bindsBody() {
        return this == FEBRUARY_2026;
    }
}
