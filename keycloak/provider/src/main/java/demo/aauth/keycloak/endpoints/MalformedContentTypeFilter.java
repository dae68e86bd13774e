package demo.aauth.keycloak.endpoints;

import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.PreMatching;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.ext.Provider;

/**
 * Removes a malformed {@code Content-Type} from a request before it is dispatched. Keycloak parses
 * the header when it adds security headers to any answer, and answers 500 if it cannot. Without the
 * header the body has an unknown type, which endpoints for forms refuse themselves.
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
