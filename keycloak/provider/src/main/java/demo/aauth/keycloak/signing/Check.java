package demo.aauth.keycloak.signing;

/**
 * The checks of a signed request, in order of execution, each with the section of the wire profile
 * that requires it.
 */
public enum Check {
    HEADERS("headers", "profile 1"),
    SIGNATURE_KEY("signature-key", "profile 1.5"),
    SIGNATURE_INPUT("signature-input", "profile 2.1"),
    LABELS("labels", "profile 1.5"),
    COVERAGE("coverage", "profile 2.5"),
    CREATED("created", "profile 2.4"),
    TOKEN("token", "profile 4"),
    KEY("key", "profile 1.3"),
    SIGNATURE("signature", "profile 2.3"),
    REPLAY("replay", "profile 2.7"),
    CONTENT_DIGEST("content-digest", "profile 2.6"),
    REQUIREMENT("requirement", "profile 3.1");

    private final String title;
    private final String section;

    Check(String title, String section) {
        this.title = title;
        this.section = section;
    }

    /** Name in traces, the same as in the TypeScript library. */
    public String title() {
        return title;
    }

    public String section() {
        return section;
    }
}
