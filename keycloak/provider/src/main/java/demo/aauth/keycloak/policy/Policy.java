package demo.aauth.keycloak.policy;

import java.util.List;

/**
 * Policy in the realm's {@code aauth.*} attributes (profile 6.4).
 *
 * @param allowedAgents agents that may call; empty means every agent whose identity can be proven
 * @param selfAgents agents and resources that may learn a user's identity; a request's agent or
 * resource must be listed; empty means none
 * @param exchangeAgents agents that may exchange a user's token for another resource's; empty means
 * none
 * @param publishedPeers agents that speak the published demo's dialect: their signatures need not
 * cover the body; empty means none
 * @param allowedScopes scopes that may be granted; empty means every scope that a resource requests
 * @param trustedIssuers further issuers whose auth tokens may be exchanged
 * @param consentFormOrigins origins to which an agent may redirect people after their return; null
 * means the web origins of the realm's clients
 */
public record Policy(
        boolean enabled,
        List<String> allowedAgents,
        List<String> blockedAgents,
        List<String> selfAgents,
        List<String> exchangeAgents,
        List<String> publishedPeers,
        List<String> allowedScopes,
        List<String> trustedIssuers,
        List<String> consentScopes,
        List<String> consentScopePrefixes,
        List<String> consentFormOrigins,
        boolean exchangeEnabled,
        int exchangeMaxDepth,
        int authTokenLifespanSeconds,
        int refreshTokenLifespanSeconds) {

    /** Whether the agent is not blocked and, if there is an allow list, is on it. */
    public boolean allowsAgent(String agent) {
        return !blockedAgents.contains(agent) && (allowedAgents.isEmpty() || allowedAgents.contains(agent));
    }

    /** Whether one of the allow lists names the party. */
    public boolean lists(String party) {
        return allowedAgents.contains(party) || selfAgents.contains(party) || exchangeAgents.contains(party)
                || publishedPeers.contains(party) || trustedIssuers.contains(party);
    }

    /** Whether every scope may be granted. */
    public boolean allowsScopes(List<String> scopes) {
        return allowedScopes.isEmpty() || allowedScopes.containsAll(scopes);
    }

    /**
     * Whether no scope reveals a user's identity, or the agent or the resource is on the realm's
     * list. It is not enough that the two differ, because one party can be any number of resources.
     */
    public boolean allowsIdentity(String agent, String resource, List<String> scopes) {
        return !IdentityScope.anyOf(scopes) || selfAgents.contains(agent) || selfAgents.contains(resource);
    }

    /** Whether one of the scopes needs the user's consent. */
    public boolean needsConsent(List<String> scopes) {
        return scopes.stream().anyMatch(scope ->
                consentScopes.contains(scope) || consentScopePrefixes.stream().anyMatch(scope::startsWith));
    }
}
