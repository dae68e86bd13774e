package demo.aauth.keycloak.discovery;

import com.fasterxml.jackson.databind.JsonNode;

import java.util.List;

/**
 * {@code /.well-known/aauth-agent} (profile 5.1).
 *
 * @param redirectUris URLs to which a person may be returned; null if the agent publishes none
 * @param name the agent's self-declared name, or null
 */
public record AgentMetadata(String jwksUri, List<String> redirectUris, String name) {

    static AgentMetadata read(JsonNode document, String agent) {
        DocumentReader members = new DocumentReader(document);
        members.requireIdentity("agent", agent);
        return new AgentMetadata(members.url("jwks_uri"), members.optionalUrls("redirect_uris"), members.optionalString("name"));
    }
}
