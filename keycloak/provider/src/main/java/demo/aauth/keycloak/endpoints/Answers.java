package demo.aauth.keycloak.endpoints;

import com.fasterxml.jackson.databind.node.ObjectNode;
import demo.aauth.keycloak.encoding.Json;
import demo.aauth.keycloak.errors.OAuthException;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.ResponseBuilder;

/**
 * JSON answers, which may contain a token and are therefore never cached (RFC 6749 section 5.1).
 */
final class Answers {

    private static final int RETRY_AFTER_SECONDS = 1;

    private Answers() {
    }

    static ResponseBuilder ok(ObjectNode body) {
        return json(200, body);
    }

    /**
     * The published demo's format, with the code of the failed check, if any, in a header. A
     * library serializes the JSON, so a caller's value cannot break out of its string (hole J14).
     */
    static ResponseBuilder refusal(OAuthException refusal) {
        ResponseBuilder answer =
                json(refusal.status(), Json.object().put("error", refusal.error()).put("error_description", refusal.getMessage()));
        if (refusal.status() == 503) answer.header("Retry-After", RETRY_AFTER_SECONDS);
        return refusal.refusal() == null ? answer : answer.header("aauth-refusal", refusal.refusal());
    }

    static ResponseBuilder noStore(ResponseBuilder response) {
        return response.header("Cache-Control", "no-store").header("Pragma", "no-cache");
    }

    private static ResponseBuilder json(int status, ObjectNode body) {
        return noStore(Response.status(status).type(MediaType.APPLICATION_JSON_TYPE).entity(body.toString()));
    }
}
