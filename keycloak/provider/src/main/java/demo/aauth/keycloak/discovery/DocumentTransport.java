package demo.aauth.keycloak.discovery;

import java.io.IOException;
import java.net.URI;

/** Fetches one document with GET. */
@FunctionalInterface
public interface DocumentTransport {

    /** Longest body that is read. */
    int MAX_BODY_BYTES = 65_536;

    /**
     * For one fetch, from the connection to the last byte. Its name is resolved before, by the
     * system's resolver, within its limits.
     */
    int TIMEOUT_MS = 3_000;

    /** @param body at most {@link #MAX_BODY_BYTES} */
    record Fetched(int status, byte[] body) {
    }

    /** Follows no redirect. @throws IOException also when a limit of size or time is exceeded */
    Fetched fetch(URI uri) throws IOException;
}
