package demo.aauth.keycloak.endpoints;

import demo.aauth.keycloak.encoding.FormParameters;
import demo.aauth.keycloak.errors.OAuthException;
import demo.aauth.keycloak.headers.HeaderFields;
import demo.aauth.keycloak.signing.ReceivedRequest;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import org.keycloak.http.HttpRequest;
import org.keycloak.models.KeycloakSession;

import java.net.URI;

/**
 * A request with a form and, if sent by an agent, a signature over it.
 *
 * @param request as received
 * @param form content of the body
 */
record SignedForm(ReceivedRequest request, FormParameters form) {

    /** Requests are forms with one or two tokens. */
    private static final int MAX_BODY_BYTES = 65_536;

    /**
     * @param body the bytes as received; null if there is none
     * @throws OAuthException 413, 415
     */
    static SignedForm read(KeycloakSession session, byte[] body) {
        HttpRequest http = session.getContext().getHttpRequest();
        HttpHeaders headers = http.getHttpHeaders();
        byte[] bytes = body == null ? new byte[0] : body;
        if (bytes.length > MAX_BODY_BYTES) {
            throw new OAuthException(413, "invalid_request", "Request body is too large");
        }
        if (bytes.length > 0 && !isForm(headers)) {
            throw new OAuthException(415, "invalid_request", "Unsupported Media Type");
        }
        URI target = http.getUri().getRequestUri();
        ReceivedRequest request = new ReceivedRequest(http.getHttpMethod(), target.getRawPath(), target.getRawQuery(),
                new HeaderFields(headers.getRequestHeaders()), bytes);
        return new SignedForm(request, FormParameters.parse(bytes));
    }

    /**
     * If a signature is required, call this after its verification, because only then may the
     * caller learn details.
     */
    void requireNoDuplicates() {
        form.duplicate().ifPresent(name -> {
            throw OAuthException.invalidRequest("duplicated parameter: " + OAuthException.quoted(name));
        });
    }

    private static boolean isForm(HttpHeaders headers) {
        try {
            MediaType type = headers.getMediaType();
            return type != null && MediaType.APPLICATION_FORM_URLENCODED_TYPE.isCompatible(type);
        } catch (RuntimeException malformed) {
            return false;
        }
    }
}
