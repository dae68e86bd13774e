package demo.aauth.keycloak.discovery;

import java.io.IOException;
import java.net.URI;

/** Fetches one document with GET. */
@FunctionalInterface
public interface DocumentTransport {

    /** Limit on a body. */
    int MAX_BODY_BYTES = 65_536;

    /**
     * Timeout of one fetch, from the connection to the last byte. The name is resolved before that,
     * within the limits of the system's resolver.
     */
    int TIMEOUT_MS = 3_000;

    /** @param body at most {@link #MAX_BODY_BYTES} */
    record Fetched(int status, byte[] body) {
    }

    /** Does not follow redirects. @throws IOException also if a size or time limit is exceeded */
    Fetched fetch(URI uri) throws IOException;
}
