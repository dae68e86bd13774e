package demo.aauth.keycloak.signing;

/** Remembers used values across all nodes of a cluster. */
@FunctionalInterface
public interface ReplayStore {

    /** Atomically claims {@code key} for some seconds; true for the first caller. */
    boolean putIfAbsent(String key, long lifespanSeconds);
}
