package demo.aauth.keycloak.tokens;

/**
 * Contents of a verified upstream token.
 *
 * @param subject the user, or null
 * @param agent the agent it was issued to; null if the agent is itself the resource
 * @param agentDelegate that agent's delegate, or null
 * @param scope space-separated, perhaps empty
 * @param act the party that had called that agent, or null
 * @param expiresAt Unix seconds, rounded down
 */
public record AuthToken(
        String issuer, String subject, String agent, String agentDelegate, String scope, Act act, long expiresAt) {
}
