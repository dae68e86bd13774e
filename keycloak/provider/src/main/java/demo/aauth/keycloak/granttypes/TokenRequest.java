package demo.aauth.keycloak.granttypes;

import demo.aauth.keycloak.encoding.FormParameters;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.policy.Policy;
import demo.aauth.keycloak.signing.Requester;

/** A token request whose requester is authenticated and allowed by policy. */
public record TokenRequest(FormParameters form, Requester requester, Policy policy) {

    /** @throws OAuthException 400 {@code invalid_request} if the parameter is missing or empty */
    public String required(String name) {
        return required(form, name);
    }

    public static String required(FormParameters form, String name) {
        String value = form.get(name);
        if (value == null) {
            throw OAuthException.invalidRequest("Missing required parameter: " + name);
        }
        return value;
    }
}
