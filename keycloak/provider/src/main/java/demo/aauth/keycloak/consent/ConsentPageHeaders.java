package demo.aauth.keycloak.consent;

import demo.aauth.keycloak.encoding.HttpUrl;
import demo.aauth.keycloak.policy.Policy;
import demo.aauth.keycloak.realm.AAuthRealm;
import demo.aauth.keycloak.realm.WebOrigins;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.ResponseBuilder;
import org.keycloak.headers.SecurityHeadersProvider;
import org.keycloak.models.BrowserSecurityHeaders;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The realm's security headers with an additional directive: the form on the consent page may only
 * lead to the agent and to the pages to which it redirects people. Chromium applies
 * {@code form-action} to every redirect after a submitted form, so those origins must be listed.
 * All come from verified metadata and configuration, never from the browser. Agents do not publish
 * the pages to which they redirect, so the policy may list them; the default is the front ends of
 * the realm's clients.
 */
final class ConsentPageHeaders {

    private static final String DIRECTIVE = "form-action";

    private ConsentPageHeaders() {
    }

    static Response add(Response page, AAuthRealm realm, Policy policy, String redirectUri) {
        Set<String> origins = new TreeSet<>(
                policy.consentFormOrigins() == null ? new WebOrigins(realm.session()).all() : policy.consentFormOrigins());
        HttpUrl.parse(redirectUri).map(HttpUrl::origin).ifPresent(origins::add);

        // Keycloak would otherwise overwrite this policy.
        realm.session().getProvider(SecurityHeadersProvider.class).options().skipHeaders();
        Map<String, String> configured = realm.realm().getBrowserSecurityHeaders();
        ResponseBuilder response = Response.fromResponse(page);
        for (BrowserSecurityHeaders header : BrowserSecurityHeaders.values()) {
            String value = configured.getOrDefault(header.getKey(), header.getDefaultValue());
            String sent = header == BrowserSecurityHeaders.CONTENT_SECURITY_POLICY ? restrictForm(value, origins) : value;
            if (sent != null && !sent.isEmpty()) {
                response.header(header.getHeaderName(), sent);
            }
        }
        return response.header("Cache-Control", "no-store").build();
    }

    /** A realm policy that already restricts forms is kept unchanged. */
    static String restrictForm(String policy, Set<String> origins) {
        if (policy == null || policy.isEmpty() || policy.contains(DIRECTIVE)) {
            return policy;
        }
        String separator = policy.trim().endsWith(";") ? " " : "; ";
        return policy.trim() + separator + DIRECTIVE + " 'self' " + String.join(" ", origins) + ";";
    }
}
