package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.errors.AAuthException;

import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The cache behind discovery: bounded, one load in flight for each key, failures remembered for a moment. Each node of a cluster has
 * its own.
 *
 * @param <T> says in its {@code toString} all that it holds, as records of texts do
 */
final class DocumentCache<T> {

    static final int MAX_ENTRIES = 1_000;
    /** Of all documents: a thousand ordinary ones have half of it. One is as long as its owner likes, within the bound for one. */
    static final int MAX_BYTES = 1_048_576;
    static final int CACHE_SECONDS = 300;
    static final int RELOAD_COOLDOWN_SECONDS = 10;
    /** Long enough that a flood of requests for a dead document costs one fetch, short enough for a start-up order. */
    static final int FAILURE_SECONDS = 2;
    /** Longer ago than any cooldown. */
    private static final long NEVER = Long.MIN_VALUE / 2;

    /** @param fromCache false when this very call loaded the value */
    record Cached<T>(T value, boolean fromCache) {
    }

    private record Entry<T>(T value, int bytes, long expiresAt, long reloadedAt) {
    }

    /** @param first true for the caller that has to load; the others wait for its answer */
    private record Ticket<T>(CompletableFuture<T> answer, boolean first) {
    }

    private record Failure(AAuthException error, long until) {
    }

    private final LongSupplier nowSeconds;
    /** What was used longest ago is first. */
    private final Map<String, Entry<T>> entries = new LinkedHashMap<>(16, 0.75f, true);
    /** Of all entries. */
    private int bytes;
    /** Apart from the entries, so that a flood of dead identities cannot push out the living ones. */
    private final Map<String, Failure> failures = bounded();
    private final Map<String, CompletableFuture<T>> inFlight = new LinkedHashMap<>();

    DocumentCache(LongSupplier nowSeconds) {
        this.nowSeconds = nowSeconds;
    }

    /** The cached value, or what {@code loader} answers. Concurrent calls for one key share one load. */
    Cached<T> get(String key, Supplier<T> loader) {
        Ticket<T> ticket;
        long reloadedAt;
        synchronized (this) {
            Entry<T> entry = entries.get(key);
            if (entry != null && nowSeconds.getAsLong() < entry.expiresAt()) {
                return new Cached<>(entry.value(), true);
            }
            reloadedAt = entry == null ? NEVER : entry.reloadedAt();
            ticket = queue(key);
        }
        return load(key, loader, reloadedAt, ticket);
    }

    /** Loads again although a fresh value exists, but at most once for each cooldown; inside it the old value is given. */
    Cached<T> reload(String key, Supplier<T> loader) {
        long now = nowSeconds.getAsLong();
        Ticket<T> ticket;
        synchronized (this) {
            Entry<T> entry = entries.get(key);
            boolean coolingDown = entry != null && now - entry.reloadedAt() < RELOAD_COOLDOWN_SECONDS;
            // A reload under way is joined: its answer is what this caller is after. The old value would refuse whoever signed with a
            // key that is on the wire right now.
            if (coolingDown && !inFlight.containsKey(key)) {
                return new Cached<>(entry.value(), true);
            }
            if (entry != null) {
                keep(key, new Entry<>(entry.value(), entry.bytes(), entry.expiresAt(), now));
            }
            ticket = queue(key);
        }
        return load(key, loader, now, ticket);
    }

    /** A place at the load of a key: the running one, or a new one. To be called with the lock held, in which its need was found. */
    private Ticket<T> queue(String key) {
        Failure failure = failures.get(key);
        if (failure != null && nowSeconds.getAsLong() < failure.until()) {
            throw failure.error();
        }
        CompletableFuture<T> mine = new CompletableFuture<>();
        CompletableFuture<T> running = inFlight.putIfAbsent(key, mine);
        return running == null ? new Ticket<>(mine, true) : new Ticket<>(running, false);
    }

    private Cached<T> load(String key, Supplier<T> loader, long reloadedAt, Ticket<T> ticket) {
        T value = ticket.first() ? run(key, loader, reloadedAt, ticket.answer()) : await(ticket.answer());
        return new Cached<>(value, false);
    }

    private T run(String key, Supplier<T> loader, long reloadedAt, CompletableFuture<T> mine) {
        try {
            T value = loader.get();
            int weight = lengthOf(key) + lengthOf(value);
            synchronized (this) {
                keep(key, new Entry<>(value, weight, nowSeconds.getAsLong() + CACHE_SECONDS, reloadedAt));
                failures.remove(key);
                inFlight.remove(key);
            }
            mine.complete(value);
            return value;
        } catch (RuntimeException | Error error) {
            synchronized (this) {
                if (error instanceof AAuthException refusal) {
                    failures.put(key, new Failure(refusal, nowSeconds.getAsLong() + FAILURE_SECONDS));
                }
                inFlight.remove(key);
            }
            mine.completeExceptionally(error);
            throw error;
        }
    }

    /** For what does not fit in beside it, that goes which was used longest ago. To be called with the lock held. */
    private void keep(String key, Entry<T> entry) {
        Entry<T> before = entries.put(key, entry);
        bytes += entry.bytes() - (before == null ? 0 : before.bytes());
        Iterator<Entry<T>> oldestFirst = entries.values().iterator();
        while (bytes > MAX_BYTES || entries.size() > MAX_ENTRIES) {
            bytes -= oldestFirst.next().bytes();
            oldestFirst.remove();
        }
    }

    private static int lengthOf(Object kept) {
        return kept.toString().getBytes(StandardCharsets.UTF_8).length;
    }

    private static <T> T await(CompletableFuture<T> running) {
        try {
            return running.join();
        } catch (CompletionException error) {
            if (error.getCause() instanceof AAuthException refusal) {
                throw refusal;
            }
            throw error;
        }
    }

    /** Forgets what was used longest ago. */
    private static <V> Map<String, V> bounded() {
        return new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
                return size() > MAX_ENTRIES;
            }
        };
    }
}
