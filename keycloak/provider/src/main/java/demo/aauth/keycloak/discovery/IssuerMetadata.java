package demo.aauth.keycloak.discovery;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * Another issuer's {@code aauth-issuer} or {@code openid-configuration} document: its identity and
 * the address of its keys.
 */
record IssuerMetadata(String jwksUri) {

    static IssuerMetadata read(JsonNode document, String issuer) {
        DocumentReader members = new DocumentReader(document);
        members.requireIdentity("issuer", issuer);
        return new IssuerMetadata(members.url("jwks_uri"));
    }
}
