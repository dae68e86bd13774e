package demo.aauth.keycloak.policy;

import java.util.List;

/**
 * What the realm's {@code aauth.*} attributes decide (profile 6.4).
 *
 * @param allowedAgents agents that may ask at all; empty means every agent whose identity can be
 * proven
 * @param selfAgents agents and resources that may be told who a user is: one of the two in a
 * request has to be here; empty means none
 * @param exchangeAgents agents that may exchange a user's token for one at another resource; empty
 * means none
 * @param publishedPeers agents that speak the published demo's dialect: their signatures need not
 * cover the body; empty means none
 * @param allowedScopes scopes that may be granted; empty means every scope that a resource asks for
 * @param trustedIssuers issuers, besides this one, whose auth tokens may be exchanged
 * @param consentFormOrigins where an agent may send people on to from the address they return to;
 *        null leaves it to the web origins of the realm's clients
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

    /** True when the agent is on no block list and, where there is an allow list, on it. */
    public boolean allowsAgent(String agent) {
        return !blockedAgents.contains(agent) && (allowedAgents.isEmpty() || allowedAgents.contains(agent));
    }

    /** True when one of the lists that allow something names the party. */
    public boolean lists(String party) {
        return allowedAgents.contains(party) || selfAgents.contains(party) || exchangeAgents.contains(party)
                || publishedPeers.contains(party) || trustedIssuers.contains(party);
    }

    /** True when every scope may be granted. */
    public boolean allowsScopes(List<String> scopes) {
        return allowedScopes.isEmpty() || allowedScopes.containsAll(scopes);
    }

    /**
     * True when no scope tells who a user is, or the agent or the resource is on the realm's list.
     * That the two are not the same says nothing: an agent is as many resources as it likes.
     */
    public boolean letsAskWho(String agent, String resource, List<String> scopes) {
        return !IdentityScope.anyOf(scopes) || selfAgents.contains(agent) || selfAgents.contains(resource);
    }

    /** True when one of the scopes needs the user's consent. */
    public boolean needsConsent(List<String> scopes) {
        return scopes.stream().anyMatch(scope ->
                consentScopes.contains(scope) || consentScopePrefixes.stream().anyMatch(scope::startsWith));
    }
}
