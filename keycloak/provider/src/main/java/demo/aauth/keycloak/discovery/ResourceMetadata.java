package demo.aauth.keycloak.discovery;

import com.fasterxml.jackson.databind.JsonNode;

import java.util.Map;

/**
 * {@code /.well-known/aauth-resource} (profile 5.1).
 *
 * @param scopeDescriptions scope to its description on the consent page
 */
public record ResourceMetadata(String jwksUri, Map<String, String> scopeDescriptions) {

    static ResourceMetadata read(JsonNode document, String resource) {
        DocumentReader members = new DocumentReader(document);
        members.requireIdentity("resource", resource);
        return new ResourceMetadata(members.url("jwks_uri"), members.optionalStrings("scope_descriptions"));
    }
}
