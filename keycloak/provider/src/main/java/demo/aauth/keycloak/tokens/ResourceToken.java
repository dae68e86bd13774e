package demo.aauth.keycloak.tokens;

/**
 * What a verified resource token says: who asked whom for what is compared already.
 *
 * @param resource identifier of the resource that issued it
 * @param scope space-separated
 */
public record ResourceToken(String resource, String scope) {
}
