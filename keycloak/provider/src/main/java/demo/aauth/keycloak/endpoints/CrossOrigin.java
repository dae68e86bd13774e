package demo.aauth.keycloak.endpoints;

import demo.aauth.keycloak.realm.WebOrigins;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.ResponseBuilder;
import org.keycloak.models.KeycloakSession;

/**
 * CORS rules. Any page may read documents; answers to tokens or signatures are limited to the
 * origins of the realm's clients. Cookies are never accepted across origins.
 */
final class CrossOrigin {

    private static final String MAX_AGE_SECONDS = "600";

    private final KeycloakSession session;

    CrossOrigin(KeycloakSession session) {
        this.session = session;
    }

    /** For a document that any page may read. */
    static ResponseBuilder everyone(ResponseBuilder response) {
        return response.header("Access-Control-Allow-Origin", "*");
    }

    Response clientsOnly(ResponseBuilder response) {
        String origin = allowedOrigin();
        if (origin != null) {
            response.header("Access-Control-Allow-Origin", origin);
        }
        return response.header("Vary", "Origin").build();
    }

    Response preflight() {
        ResponseBuilder response = Response.noContent();
        if (allowedOrigin() != null) {
            String headers = session.getContext().getHttpRequest().getHttpHeaders().getHeaderString("Access-Control-Request-Headers");
            response.header("Access-Control-Allow-Methods", "GET, POST").header("Access-Control-Max-Age", MAX_AGE_SECONDS);
            if (headers != null) {
                response.header("Access-Control-Allow-Headers", headers);
            }
        }
        return clientsOnly(response);
    }

    private String allowedOrigin() {
        String origin = session.getContext().getHttpRequest().getHttpHeaders().getHeaderString("Origin");
        return origin != null && new WebOrigins(session).all().contains(origin) ? origin : null;
    }
}
