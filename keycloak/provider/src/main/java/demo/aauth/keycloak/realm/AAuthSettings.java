package demo.aauth.keycloak.realm;

import org.keycloak.Config;

/**
 * Settings of the server rather than a realm.
 *
 * @param development whether agents and resources may be on this machine, over plain http; without
 * a configured hostname, Keycloak then also serves this machine's names
 * @param consentLifespanSeconds seconds a request waits for the user's consent
 * @param hostnameConfigured whether Keycloak knows its public name from configuration, rather than
 * from each request's {@code Host}
 */
public record AAuthSettings(boolean development, int consentLifespanSeconds, boolean hostnameConfigured) {

    private static final int DEFAULT_CONSENT_LIFESPAN_SECONDS = 600;
    private static final int MAX_CONSENT_LIFESPAN_SECONDS = 3_600;

    /**
     * @throws IllegalArgumentException for a lifespan outside 1 to 3600, which prevents the
     * server's start
     */
    public static AAuthSettings read(Config.Scope config) {
        int lifespan = config.getInt("consent-lifespan", DEFAULT_CONSENT_LIFESPAN_SECONDS);
        if (lifespan < 1 || lifespan > MAX_CONSENT_LIFESPAN_SECONDS) {
            throw new IllegalArgumentException("consent-lifespan must be 1 to " + MAX_CONSENT_LIFESPAN_SECONDS + " seconds");
        }
        return new AAuthSettings(
                config.getBoolean("development", false), lifespan, Config.scope("hostname", "v2").get("hostname") != null);
    }
}
