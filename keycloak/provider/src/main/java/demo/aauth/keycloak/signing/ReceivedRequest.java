package demo.aauth.keycloak.signing;

import demo.aauth.keycloak.headers.HeaderFields;

/**
 * A request as received. Nothing in it is trusted; in particular, its {@code host} is never used.
 *
 * @param path as on the request line, still percent-encoded
 * @param query as on the request line without the question mark; null when there is none
 * @param body the bytes as received; empty when there is none
 */
public record ReceivedRequest(String method, String path, String query, HeaderFields headers, byte[] body) {
}
