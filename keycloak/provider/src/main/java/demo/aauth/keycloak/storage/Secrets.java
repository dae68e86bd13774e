package demo.aauth.keycloak.storage;

import demo.aauth.keycloak.encoding.Hashes;
import demo.aauth.keycloak.encoding.StrictBase64;
import org.keycloak.models.SingleUseObjectProvider;

import java.security.SecureRandom;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Values identified by issued secrets: codes, request tokens, refresh tokens. They are in
 * Keycloak's store of single-use objects, which all nodes of a cluster share. The store only
 * contains hashes of secrets, both as keys and in other entries, so that a reader of the store
 * cannot use them.
 */
public final class Secrets<T> {

    private static final int SECRET_BYTES = 32;

    private final SingleUseObjectProvider store;
    private final String kind;
    private final Function<T, Map<String, String>> write;
    private final Function<Map<String, String>, T> read;

    /** @param kind prevents confusion of kinds of secrets */
    Secrets(
            SingleUseObjectProvider store,
            String kind,
            Function<T, Map<String, String>> write,
            Function<Map<String, String>, T> read) {
        this.store = store;
        this.kind = kind;
        this.write = write;
        this.read = read;
    }

    /** Creates a secret of 256 random bits, in base64url. */
    public String issue(T value, long lifespanSeconds) {
        String secret = random();
        put(secret, value, lifespanSeconds);
        return secret;
    }

    static String random() {
        byte[] bytes = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(bytes);
        return StrictBase64.encodeUrl(bytes);
    }

    void put(String secret, T value, long lifespanSeconds) {
        store.put(key(secret), lifespanSeconds, write.apply(value));
    }

    /** Finds the value without using up the secret. */
    public Optional<T> find(String secret) {
        return Optional.ofNullable(store.get(key(secret))).map(read);
    }

    /** Uses up the secret. Only one of two callers, even at different nodes, receives the value. */
    public Optional<T> take(String secret) {
        return takeHashed(Hashes.sha256Url(secret));
    }

    /** As {@link #take}, with the secret's hash: SHA-256, base64url. */
    public Optional<T> takeHashed(String hash) {
        return Optional.ofNullable(store.remove(entry(hash))).map(read);
    }

    private String key(String secret) {
        return entry(Hashes.sha256Url(secret));
    }

    private String entry(String hash) {
        return "aauth." + kind + "." + hash;
    }
}
