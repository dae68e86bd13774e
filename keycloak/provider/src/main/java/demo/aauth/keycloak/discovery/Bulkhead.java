package demo.aauth.keycloak.discovery;

import demo.aauth.keycloak.errors.AAuthException;
import demo.aauth.keycloak.errors.ErrorCode;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Limits the number of Keycloak's worker threads that wait for documents of other parties, and of
 * concurrent fetches. Callers name the hosts before their signature is verified, so a call beyond a
 * limit is refused at once with {@code discovery_busy}. What is known about a party determines the
 * lane of its documents, and a flood in one lane does not affect the others. All lanes together
 * hold at most 40 workers, of the 50 that Keycloak has unless configured with fewer.
 *
 * <p>Fetches run on separate threads, because waiting for an unresponsive name server cannot be
 * interrupted. The worker cannot be released meanwhile: Keycloak's session and its JTA transaction
 * are bound to the thread, so a request cannot be suspended.
 */
final class Bulkhead implements AutoCloseable {

    /** Lane of a party's documents, by the knowledge about it before its document is fetched. */
    enum Standing {
        /** Unknown: any caller can name it. */
        UNKNOWN(8),
        /** Its document has been read before. */
        KNOWN(4),
        /** The realm's policy names it. */
        LISTED(4);

        private final int fetches;

        Standing(int fetches) {
            this.fetches = fetches;
        }
    }

    /** Fetches of a lane for documents of one owner. */
    static final int FETCHES_OF_ONE_OWNER = 3;
    /** Limit on callers of a lane that wait for another caller's fetch. */
    static final int JOINING = 8;
    /** Most documents arrive within this time. Waiting longer would occupy a worker per caller. */
    private static final int JOIN_MS = 250;

    private final Map<Standing, Lane> lanes = new EnumMap<>(Standing.class);
    /** As many threads as fetches of all lanes. */
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "aauth-discovery");
        thread.setDaemon(true);
        return thread;
    });

    Bulkhead() {
        for (Standing standing : Standing.values()) {
            lanes.put(standing, new Lane(standing.fetches));
        }
    }

    /** Limit on open connections of all lanes. */
    static int fetches() {
        int sum = 0;
        for (Standing standing : Standing.values()) {
            sum += standing.fetches;
        }
        return sum;
    }

    /**
     * Starts a fetch without waiting. Its slot is occupied until it ends, regardless of its caller.
     *
     * @param fetch returns the action on its result, which runs once its slot is free again
     * @throws AAuthException {@code discovery_busy}
     */
    void start(Standing standing, String owner, Supplier<Runnable> fetch) {
        Lane lane = lanes.get(standing);
        lane.enter(owner);
        threads.execute(() -> {
            Runnable answer;
            try {
                answer = fetch.get();
            } finally {
                lane.leave(owner);
            }
            answer.run();
        });
    }

    /**
     * Waits for a fetch that the caller has started.
     *
     * @throws AAuthException {@code discovery_failed} if it takes too long
     */
    static <T> T await(CompletableFuture<T> answer, long deadlineNanos) {
        return get(answer, deadlineNanos - System.nanoTime(), () -> DocumentReader.failed("it took too long"));
    }

    /**
     * Waits briefly for a fetch that another caller has started.
     *
     * @throws AAuthException {@code discovery_busy}
     */
    <T> T join(Standing standing, CompletableFuture<T> answer) {
        Semaphore joining = lanes.get(standing).joining;
        if (!joining.tryAcquire()) {
            throw busy();
        }
        try {
            return get(answer, TimeUnit.MILLISECONDS.toNanos(JOIN_MS), Bulkhead::busy);
        } finally {
            joining.release();
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }

    private static <T> T get(CompletableFuture<T> answer, long nanos, Supplier<AAuthException> tooLate) {
        try {
            return answer.get(Math.max(0, nanos), TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            throw tooLate.get();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw tooLate.get();
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof Error error) {
                throw error;
            }
            // Fetches throw no checked exceptions.
            throw (RuntimeException) failure.getCause();
        }
    }

    private static AAuthException busy() {
        return new AAuthException(ErrorCode.DISCOVERY_BUSY, "too many documents are being fetched");
    }

    private static final class Lane {

        private final Semaphore joining = new Semaphore(JOINING);
        private final Map<String, Integer> fetchesByOwner = new HashMap<>();
        private int free;

        Lane(int fetches) {
            free = fetches;
        }

        synchronized void enter(String owner) {
            int own = fetchesByOwner.getOrDefault(owner, 0);
            if (free == 0 || own == FETCHES_OF_ONE_OWNER) {
                throw busy();
            }
            fetchesByOwner.put(owner, own + 1);
            free--;
        }

        synchronized void leave(String owner) {
            fetchesByOwner.computeIfPresent(owner, (name, own) -> own == 1 ? null : own - 1);
            free++;
        }
    }
}
