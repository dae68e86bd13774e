package demo.aauth.keycloak.tokens;

/**
 * Contents of a verified resource token, whose parties have already been checked.
 *
 * @param resource identifier of the resource that issued it
 * @param scope space-separated
 */
public record ResourceToken(String resource, String scope) {
}
