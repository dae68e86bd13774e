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
 * Discovery's cache: bounded, with one load in flight per key and briefly cached failures. Each
 * node of a cluster has its own. An owner's documents cannot displace another's: beyond its quota
 * an owner loses its own, and a full cache keeps no new ones.
 *
 * @param <T> type whose {@code toString} contains all its content, as for records of strings
 */
final class DocumentCache<T> {

    static final int MAX_ENTRIES = 1_000;
    static final int MAX_ENTRIES_OF_ONE = 50;
    /** Limit on all documents. A thousand ordinary ones take half of it. */
    static final int MAX_BYTES = 1_048_576;
    /** Limit on one owner's documents. The largest possible document fits. */
    static final int MAX_BYTES_OF_ONE = 131_072;
    static final int CACHE_SECONDS = 300;
    /** Number of immediate reloads of one document, after which there is one per cooldown. */
    static final int RELOAD_BURST = 3;
    static final int RELOAD_COOLDOWN_SECONDS = 10;
    /**
     * Time for which failures are cached: a flood of requests for a missing document costs one
     * fetch in this time, after which a party that has just started is found.
     */
    static final int FAILURE_SECONDS = 1;
    /** Time after its expiry for which a value is still returned while another caller renews it. */
    static final int RENEWAL_SECONDS = 5;

    /** @param fromCache false if the value was loaded for this call */
    record Cached<T>(T value, boolean fromCache) {
    }

    /**
     * The owner of the requested document.
     *
     * @param id identifier of the party, whose owner's quotas apply
     * @param listed whether the realm's policy names the party
     * @param deadlineNanos deadline of the caller, in terms of {@link System#nanoTime}
     */
    record Lookup(String id, boolean listed, long deadlineNanos) {
    }

    /**
     * @param burstWholeAt Unix seconds when its burst of reloads is fully available again; each
     * reload adds one cooldown
     */
    private record Entry<T>(T value, String owner, int bytes, long expiresAt, long burstWholeAt) {
    }

    /** @param first whether the caller started the load, which others join */
    private record Ticket<T>(CompletableFuture<T> answer, boolean first, Standing standing) {
    }

    private record Failure(AAuthException error, long until) {
    }

    private final Bulkhead bulkhead;
    private final LongSupplier nowSeconds;
    /** In order of last use, oldest first. */
    private final Map<String, Entry<T>> entries = new LinkedHashMap<>(16, 0.75f, true);
    /** Size of all entries. */
    private int bytes;
    /**
     * Separate from the entries, so that a flood of invalid identities cannot displace valid ones.
     */
    private final Map<String, Failure> failures = new HashMap<>();
    private final Map<String, CompletableFuture<T>> inFlight = new HashMap<>();

    DocumentCache(Bulkhead bulkhead, LongSupplier nowSeconds) {
        this.bulkhead = bulkhead;
        this.nowSeconds = nowSeconds;
    }

    /**
     * Returns the cached value, or the result of {@code loader}. Concurrent calls for a key share
     * one load.
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
            // The burst is always fully available again before a value expires.
            ticket = queue(key, lookup, loader, now);
        }
        return result(ticket, lookup);
    }

    /**
     * Reloads although a fresh value exists: {@link #RELOAD_BURST} times at once, then once per
     * cooldown. Beyond that, returns the old value.
     *
     * <p>Only successful reloads count. One that fails, because a limit is reached or the party is
     * just starting, keeps the old value. A flood of those is limited to one fetch per second by
     * the cached failures, as for a missing document.
     */
    Cached<T> reload(String key, Lookup lookup, Supplier<T> loader) {
        Ticket<T> ticket;
        synchronized (this) {
            long now = nowSeconds.getAsLong();
            Entry<T> entry = entries.get(key);
            long burstWholeAt = Math.max(entry == null ? 0 : entry.burstWholeAt(), now) + RELOAD_COOLDOWN_SECONDS;
            boolean withinBurst = burstWholeAt - now <= RELOAD_BURST * RELOAD_COOLDOWN_SECONDS;
            // Joins a reload in progress, whose result this caller needs, too. With the old value,
            // an agent that signed with a key being fetched would be refused.
            if (entry != null && !withinBurst && !inFlight.containsKey(key)) {
                return new Cached<>(entry.value(), true);
            }
            ticket = queue(key, lookup, loader, burstWholeAt);
        }
        return result(ticket, lookup);
    }

    /**
     * Joins the running load of a key or starts one. Requires the lock, held since the need was
     * determined.
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

    /** Caches a failure if it fits besides those of others. Requires the lock. */
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
     * Stores an entry, evicting the same owner's least recently used ones if necessary. Requires
     * the lock.
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
