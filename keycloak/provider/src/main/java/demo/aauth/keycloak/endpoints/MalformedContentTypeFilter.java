package demo.aauth.keycloak.endpoints;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.PreMatching;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.ext.Provider;

/**
 * Takes a {@code Content-Type} that is no media type off a request before it is dispatched.
 * Keycloak parses the header when it adds the security headers to an answer, whatever the answer
 * is, and what cannot be parsed is a 500 there. Without the header a body is of an unknown kind:
 * endpoints that take forms refuse it in their own words.
 */
@Provider
@PreMatching
public final class MalformedContentTypeFilter implements ContainerRequestFilter {

    @Override
    public void filter(ContainerRequestContext request) {
        String type = request.getHeaderString(HttpHeaders.CONTENT_TYPE);
        if (type != null && !isMediaType(type)) {
            request.getHeaders().remove(HttpHeaders.CONTENT_TYPE);
        }
    }

    private static boolean isMediaType(String type) {
        try {
            MediaType.valueOf(type);
            return true;
        } catch (RuntimeException malformed) {
            return false;
        }
    }
}
