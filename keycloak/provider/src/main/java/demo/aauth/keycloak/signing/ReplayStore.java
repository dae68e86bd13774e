package demo.aauth.keycloak.signing;

/** Remembers what has been used once, on every node of a cluster. */
@FunctionalInterface
public interface ReplayStore {

    /** Claims {@code key} for some seconds; true for the first to do so. Atomic. */
    boolean putIfAbsent(String key, long lifespanSeconds);
}
