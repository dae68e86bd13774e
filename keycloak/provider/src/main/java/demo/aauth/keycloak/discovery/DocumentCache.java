package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.discovery.Bulkhead.Standing;
import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The cache behind discovery: bounded, one load in flight for each key, failures remembered for a
 * moment. Each node of a cluster has its own. No owner's documents push out another's: beyond its
 * quota an owner loses its own, and in a full cache what is new is not kept.
 *
 * @param <T> says in its {@code toString} all that it holds, as records of texts do
 */
final class DocumentCache<T> {

    static final int MAX_ENTRIES = 1_000;
    static final int MAX_ENTRIES_OF_ONE = 50;
    /** Size of all documents: a thousand ordinary ones take half of it. */
    static final int MAX_BYTES = 1_048_576;
    /** Size of one owner's documents: one of the longest fits in. */
    static final int MAX_BYTES_OF_ONE = 131_072;
    static final int CACHE_SECONDS = 300;
    /**
     * So many reloads of one document may follow each other at once; after that, one for each
     * cooldown.
     */
    static final int RELOAD_BURST = 3;
    static final int RELOAD_COOLDOWN_SECONDS = 10;
    /**
     * A flood of requests for a dead document costs one fetch in this time; a party that has just
     * started is found after it.
     */
    static final int FAILURE_SECONDS = 1;
    /**
     * So long after its end a value is still given while another caller fetches it again, which
     * takes no longer.
     */
    static final int RENEWAL_SECONDS = 5;

    /** @param fromCache false when the value was loaded for this very call */
    record Cached<T>(T value, boolean fromCache) {
    }

    /**
     * Whose document is looked up.
     *
     * @param id of the party; its owner's quotas are what the document counts for
     * @param listed whether the realm's policy names the party
     * @param deadlineNanos until when the caller waits, as {@link System#nanoTime} has it
     */
    record Lookup(String id, boolean listed, long deadlineNanos) {
    }

    /**
     * @param burstWholeAt Unix seconds when its burst of reloads is whole again; a reload adds one
     * cooldown
     */
    private record Entry<T>(T value, String owner, int bytes, long expiresAt, long burstWholeAt) {
    }

    /** @param first true for the caller that started the load; the others join it */
    private record Ticket<T>(CompletableFuture<T> answer, boolean first, Standing standing) {
    }

    private record Failure(AAuthException error, long until) {
    }

    private final Bulkhead bulkhead;
    private final LongSupplier nowSeconds;
    /** What was used longest ago is first. */
    private final Map<String, Entry<T>> entries = new LinkedHashMap<>(16, 0.75f, true);
    /** Size of all entries. */
    private int bytes;
    /**
     * Apart from the entries, so that a flood of dead identities cannot push out the living ones.
     */
    private final Map<String, Failure> failures = new HashMap<>();
    private final Map<String, CompletableFuture<T>> inFlight = new HashMap<>();

    DocumentCache(Bulkhead bulkhead, LongSupplier nowSeconds) {
        this.bulkhead = bulkhead;
        this.nowSeconds = nowSeconds;
    }

    /**
     * The cached value, or what {@code loader} answers. Concurrent calls for one key share one
     * load.
     *
     * @throws AAuthException that of the loader, {@code discovery_failed} after the deadline,
     * {@code discovery_busy}
     */
    Cached<T> get(String key, Lookup lookup, Supplier<T> loader) {
        Ticket<T> ticket;
        synchronized (this) {
            long now = nowSeconds.getAsLong();
            Entry<T> entry = entries.get(key);
            if (entry != null && (now < entry.expiresAt()
                    || now < entry.expiresAt() + RENEWAL_SECONDS && inFlight.containsKey(key))) {
                return new Cached<>(entry.value(), true);
            }
            // A value expires long after the burst of its last reload is whole again.
            ticket = queue(key, lookup, loader, now);
        }
        return result(ticket, lookup);
    }

    /**
     * Loads again although a fresh value exists: {@link #RELOAD_BURST} times at once, then once for
     * each cooldown. Beyond that the old value is given.
     *
     * <p>Only a reload that brings a value counts. One that fails, because there is no room or the
     * party is just starting, costs nothing and leaves the old value. A flood of those is bounded
     * by the memory of failures, at one fetch for each second, like a flood for a document that was
     * never found.
     */
    Cached<T> reload(String key, Lookup lookup, Supplier<T> loader) {
        Ticket<T> ticket;
        synchronized (this) {
            long now = nowSeconds.getAsLong();
            Entry<T> entry = entries.get(key);
            long burstWholeAt = Math.max(entry == null ? 0 : entry.burstWholeAt(), now) + RELOAD_COOLDOWN_SECONDS;
            boolean withinBurst = burstWholeAt - now <= RELOAD_BURST * RELOAD_COOLDOWN_SECONDS;
            // A reload in progress is joined: this caller needs the same result. The old value
            // would refuse an agent that signed with a key that is on the wire right now.
            if (entry != null && !withinBurst && !inFlight.containsKey(key)) {
                return new Cached<>(entry.value(), true);
            }
            ticket = queue(key, lookup, loader, burstWholeAt);
        }
        return result(ticket, lookup);
    }

    /**
     * A place at the load of a key: the running one, or a new one. To be called with the lock held,
     * in which its need was found.
     */
    private Ticket<T> queue(String key, Lookup lookup, Supplier<T> loader, long burstWholeAt) {
        Failure failure = failures.get(key);
        if (failure != null && nowSeconds.getAsLong() < failure.until()) {
            throw failure.error();
        }
        Standing standing = lookup.listed() ? Standing.LISTED : entries.containsKey(key) ? Standing.KNOWN : Standing.UNKNOWN;
        CompletableFuture<T> running = inFlight.get(key);
        if (running != null) {
            return new Ticket<>(running, false, standing);
        }
        CompletableFuture<T> mine = new CompletableFuture<>();
        String owner = Owner.of(lookup.id());
        bulkhead.start(standing, owner, () -> run(key, owner, loader, burstWholeAt, mine));
        inFlight.put(key, mine);
        return new Ticket<>(mine, true, standing);
    }

    private Cached<T> result(Ticket<T> ticket, Lookup lookup) {
        T value = ticket.first()
                ? Bulkhead.await(ticket.answer(), lookup.deadlineNanos())
                : bulkhead.join(ticket.standing(), ticket.answer());
        return new Cached<>(value, false);
    }

    private Runnable run(String key, String owner, Supplier<T> loader, long burstWholeAt, CompletableFuture<T> mine) {
        try {
            T value = loader.get();
            int weight = lengthOf(key) + lengthOf(value);
            synchronized (this) {
                keep(key, new Entry<>(value, owner, weight, nowSeconds.getAsLong() + CACHE_SECONDS, burstWholeAt));
                failures.remove(key);
                inFlight.remove(key);
            }
            return () -> mine.complete(value);
        } catch (RuntimeException | Error error) {
            synchronized (this) {
                if (error instanceof AAuthException refusal && refusal.code() != ErrorCode.DISCOVERY_BUSY) {
                    remember(key, refusal);
                }
                inFlight.remove(key);
            }
            return () -> mine.completeExceptionally(error);
        }
    }

    /**
     * What does not fit in beside the failures of others is not remembered. To be called with the
     * lock held.
     */
    private void remember(String key, AAuthException refusal) {
        long now = nowSeconds.getAsLong();
        if (failures.size() >= MAX_ENTRIES) {
            failures.values().removeIf(failure -> failure.until() <= now);
        }
        if (failures.size() < MAX_ENTRIES) {
            failures.put(key, new Failure(refusal, now + FAILURE_SECONDS));
        }
    }

    /**
     * For what does not fit in, that goes of the same owner which was used longest ago. To be
     * called with the lock held.
     */
    private void keep(String key, Entry<T> entry) {
        Entry<T> before = entries.put(key, entry);
        bytes += entry.bytes() - (before == null ? 0 : before.bytes());
        if (isFull()) {
            removeExpired();
        }
        int own = 0;
        int ownBytes = 0;
        for (Entry<T> other : entries.values()) {
            if (other.owner().equals(entry.owner())) {
                own++;
                ownBytes += other.bytes();
            }
        }
        Iterator<Entry<T>> oldestFirst = entries.values().iterator();
        while (isFull() || own > MAX_ENTRIES_OF_ONE || ownBytes > MAX_BYTES_OF_ONE) {
            Entry<T> oldest = oldestFirst.next();
            if (oldest.owner().equals(entry.owner())) {
                own--;
                ownBytes -= oldest.bytes();
                bytes -= oldest.bytes();
                oldestFirst.remove();
            }
        }
    }

    private boolean isFull() {
        return bytes > MAX_BYTES || entries.size() > MAX_ENTRIES;
    }

    private void removeExpired() {
        long now = nowSeconds.getAsLong();
        entries.values().removeIf(entry -> {
            boolean expired = entry.expiresAt() <= now;
            bytes -= expired ? entry.bytes() : 0;
            return expired;
        });
    }

    private static int lengthOf(Object kept) {
        return kept.toString().getBytes(StandardCharsets.UTF_8).length;
    }
}
