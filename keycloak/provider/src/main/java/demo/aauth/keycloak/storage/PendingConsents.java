package demo.aauth.keycloak.storage;

import demo.aauth.keycloak.discovery.Owner;
import demo.aauth.keycloak.encoding.Hashes;
import demo.aauth.keycloak.errors.OAuthException;
import org.keycloak.models.SingleUseObjectProvider;

import java.util.Optional;

/**
 * Requests that a user has to decide on, identified by request tokens. Anyone with a domain can
 * create them, with their own agent and resource, so each owner has a quota: a thousand slots in
 * Keycloak's store, which all nodes share. The request token determines the slot, so the slot need
 * not be stored.
 */
public final class PendingConsents {

    static final int OF_ONE_OWNER = 1_000;
    /**
     * Attempts with different request tokens. With three quarters of the slots taken, one request
     * in a hundred finds none.
     */
    private static final int ATTEMPTS = 16;

    private final SingleUseObjectProvider store;
    private final String kind;
    private final Secrets<ConsentRequest> secrets;

    PendingConsents(SingleUseObjectProvider store, String kind) {
        this.store = store;
        this.kind = kind;
        this.secrets = new Secrets<>(store, kind, ConsentRequest::toNotes, ConsentRequest::of);
    }

    /**
     * Creates a request token.
     *
     * @throws OAuthException 503 {@code temporarily_unavailable} if the agent's owner has no slot
     * left
     */
    public String issue(ConsentRequest request, long lifespanSeconds) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            String requestToken = Secrets.random();
            if (store.putIfAbsent(place(request, Hashes.sha256Url(requestToken)), lifespanSeconds)) {
                secrets.put(requestToken, request, lifespanSeconds);
                return requestToken;
            }
        }
        throw new OAuthException(503, "temporarily_unavailable", "Too many requests of this agent wait for their users");
    }

    /** Finds a request without using up the request token. */
    public Optional<ConsentRequest> find(String requestToken) {
        return secrets.find(requestToken);
    }

    /**
     * Uses up the request token with this hash. Only one of two callers, even at different nodes,
     * receives the request.
     */
    public Optional<ConsentRequest> takeHashed(String hash) {
        Optional<ConsentRequest> taken = secrets.takeHashed(hash);
        taken.ifPresent(request -> store.remove(place(request, hash)));
        return taken;
    }

    private String place(ConsentRequest request, String hash) {
        return "aauth." + kind + "." + Owner.of(request.agent()) + "." + Math.floorMod(hash.hashCode(), OF_ONE_OWNER);
    }
}
