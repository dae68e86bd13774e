package demo.aauth.keycloak.storage;

import demo.aauth.keycloak.discovery.Owner;
import demo.aauth.keycloak.encoding.Hashes;
import demo.aauth.keycloak.errors.OAuthException;
import org.keycloak.models.SingleUseObjectProvider;

import java.util.Optional;

/**
 * Wishes that a user has to decide on, behind request tokens. Anyone who has a domain can make
 * them, with an agent and a resource of its own, so an owner has a quota: a thousand places in
 * Keycloak's store, whose nodes share them. The request token chooses the place, so that it need
 * not be kept.
 */
public final class PendingConsents {

    static final int OF_ONE_OWNER = 1_000;
    /**
     * Each with another request token. With three of four places taken, one request in a hundred
     * finds none.
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
     * Makes a new request token.
     *
     * @throws OAuthException 503 {@code temporarily_unavailable} when the agent's owner has no
     * place left
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

    /** Looks without using the request token up. */
    public Optional<ConsentRequest> find(String requestToken) {
        return secrets.find(requestToken);
    }

    /**
     * Uses the request token up, which is named by its hash: of two callers, on whatever nodes, one
     * gets the wish.
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
